def test_the_table_is_read(supported_ops):
    table = """Supported OPs on ' kARM':
                  OP_name  kARM  kHost  kUnk
    __xpu__some_transform                  Y
                      abs     Y      Y
                   conv2d     Y
                     feed            Y
                   orphan
"""
    assert supported_ops.parse_table(table) == {"__xpu__some_transform", "abs", "conv2d", "feed"}
