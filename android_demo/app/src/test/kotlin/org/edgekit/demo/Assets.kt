package org.edgekit.demo

import java.io.File
import org.edgekit.demo.models.sha256
import org.json.JSONArray
import org.json.JSONObject

/** The app's assets, made anew for each test. */
object Assets {
    private val root = File(System.getProperty("edgekit.assets")!!, "models")

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
