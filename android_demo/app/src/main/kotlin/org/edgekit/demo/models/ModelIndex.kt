package org.edgekit.demo.models

import java.io.FileNotFoundException
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.json.JSONException
import org.json.JSONObject

const val MODELS = "models"
private const val INDEX = "$MODELS/index.json"
private const val SCHEMA = 1

/** The models in the assets, at least one. Throws [Refused] where there is none, or where the index cannot be read. */
fun readIndex(assets: Assets): List<DemoModel> {
    val text =
        try {
            assets.open(INDEX).use { it.readBytes().toString(Charsets.UTF_8) }
        } catch (error: FileNotFoundException) {
            throw Refused(Sentence(R.string.no_models), error)
        }
    val models =
        try {
            modelsOf(JSONObject(text))
        } catch (error: JSONException) {
            throw Refused(Sentence(R.string.damaged_index, error.message.orEmpty().lineSequence().first()), error)
        }
    if (models.isEmpty()) throw Refused(Sentence(R.string.no_models))
    return models
}

private fun modelsOf(index: JSONObject): List<DemoModel> {
    val schema = index.getInt("schema_version")
    if (schema != SCHEMA) throw JSONException("schema_version is $schema, and this app reads $SCHEMA")
    val list = index.getJSONArray("models")
    return (0 until list.length()).map { at ->
        val entry = list.getJSONObject(at)
        val folder = entry.getString("folder")
        if (folder.split("/").any { it.isEmpty() || it == "." || it == ".." }) throw JSONException("folder is $folder")
        val model = entry.getString("model")
        DemoModel(model, entry.getString("target"), folder, entry.optString("title").ifEmpty { model })
    }
}
