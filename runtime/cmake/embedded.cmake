# The table of artifact/embedded.cpp: every file of EDGEKIT_EMBEDDED as it is, by the assembler. Compilers take minutes
# and gigabytes for arrays of that size. The symbols are global, since ARM64's table of addresses (GOT) takes a local one
# for the start of its section.
file(GLOB names RELATIVE ${EDGEKIT_EMBEDDED} ${EDGEKIT_EMBEDDED}/*)
set(symbols "")
set(table "")
set(number 0)
foreach(name IN LISTS names)
  math(EXPR number "${number} + 1")
  set(symbol edgekit_embedded_${number})
  string(APPEND symbols
    "__asm__(\".pushsection .rodata\\n.balign 16\\n.globl ${symbol}, ${symbol}_end\\n.hidden ${symbol}, ${symbol}_end\\n"
    "${symbol}:\\n.incbin \\\"${EDGEKIT_EMBEDDED}/${name}\\\"\\n"
    "${symbol}_end:\\n.byte 0\\n.popsection\\n\");\n"
    "extern \"C\" const unsigned char ${symbol}[], ${symbol}_end[];\n")
  string(APPEND table "    {\"${name}\", ${symbol}, ${symbol}_end},\n")
endforeach()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/embedded_table.h
  "${symbols}\nnamespace edgekit {\nnamespace {\nconst EmbeddedFile kEmbeddedFiles[] = {\n${table}};\n}\n}\n")
set_source_files_properties(artifact/embedded.cpp PROPERTIES
  COMPILE_DEFINITIONS EDGEKIT_EMBEDDED_TABLE="${CMAKE_CURRENT_BINARY_DIR}/embedded_table.h")
