import java.io.File
import java.io.IOException
import org.edgekit.demo.runtime.NcnnLibrary
import org.json.JSONObject

/** What is on a photo, such as "cat 93.1 %", the likeliest first. Slow: not on the main thread. */
fun namePhoto(artifact: File, photo: File, top: Int = 5): List<String> {
    val library = NcnnLibrary()
    val error = arrayOfNulls<ByteArray>(1)
    val model = library.open(artifact.path.toByteArray(), 2, error)
    if (model == 0L) throw IOException(error[0]?.decodeToString())
    try {
        val answer = JSONObject(library.classify(model, photo.readBytes(), top).decodeToString())
        if (answer.has("error")) throw IOException("$photo: ${answer.getString("error")}")
        val classes = answer.getJSONArray("classes")
        return (0 until classes.length()).map { at ->
            val one = classes.getJSONObject(at)
            "${one.getString("label")} ${"%.1f".format(100 * one.getDouble("probability"))} %"
        }
    } finally {
        library.close(model)
    }
}
