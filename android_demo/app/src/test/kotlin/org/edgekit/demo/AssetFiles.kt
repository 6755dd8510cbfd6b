package org.edgekit.demo

import java.io.File
import java.io.FileInputStream
import java.io.InputStream
import java.nio.file.Files
import org.edgekit.demo.models.Assets
import org.edgekit.demo.models.sha256
import org.json.JSONArray
import org.json.JSONObject

/** The app's assets as files, made anew for each test. */
object AssetFiles {
    private val folder = Files.createTempDirectory("assets").toFile()
    private val root = File(folder, "models")

    fun open(path: String): InputStream = FileInputStream(File(folder, path))

    fun clear() {
        root.deleteRecursively()
    }

    fun index(text: String) {
        root.mkdirs()
        File(root, "index.json").writeText(text)
    }

    /** Put in artifacts, each of one file and golden samples, and the index that names them. */
    fun put(vararg artifacts: Pair<String, String>) {
        val models = JSONArray()
        for ((model, target) in artifacts) {
            models.put(JSONObject().put("model", model).put("target", target).put("folder", "$model/$target").put("title", model))
            artifact("$model/$target")
        }
        index(JSONObject().put("schema_version", 1).put("models", models).toString())
    }

    fun file(folder: String, name: String) = File(root, "$folder/$name")

    private fun artifact(folder: String) {
        val weights = "weights of $folder".toByteArray()
        val golden = "golden samples of $folder".toByteArray()
        File(root, folder).mkdirs()
        file(folder, "model.bin").writeBytes(weights)
        file(folder, "golden.safetensors").writeBytes(golden)
        val manifest =
            JSONObject()
                .put("files", JSONObject().put("model.bin", JSONObject().put("sha256", sha256(weights))))
                .put("golden", JSONObject().put("golden.safetensors", JSONObject().put("sha256", sha256(golden))))
        file(folder, "manifest.json").writeText(manifest.toString())
    }
}

/** The app on these assets. */
class TestApplication : DemoApplication() {
    override val models = Assets(AssetFiles::open)
}
