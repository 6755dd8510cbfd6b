package org.edgekit.demo.runtime

import org.json.JSONArray
import org.json.JSONObject

/** A class by its index, its name (or its number where it has none), and its probability. */
data class Ranked(val index: Int, val label: String, val probability: Double)

/** What one runtime says of a photo: the likeliest classes first, and times in milliseconds. */
data class Answer(val top: List<Ranked>, val firstMs: Double, val runMs: Double?, val repeats: Int) {
    companion object {
        /** Of the runtime's first answer, and how long the runs after it took. Throws JSONException for no answer. */
        fun of(json: String, laterMs: DoubleArray): Answer {
            val document = JSONObject(json)
            val sorted = laterMs.sorted()
            val median = sorted.getOrNull(sorted.size / 2)
            return Answer(ranked(document.getJSONArray("classes")), document.getDouble("run_ms"), median, sorted.size)
        }

        private fun ranked(list: JSONArray) =
            (0 until list.length()).map { at ->
                val entry = list.getJSONObject(at)
                val index = entry.getInt("index")
                Ranked(index, if (entry.isNull("label")) "$index" else entry.getString("label"), entry.getDouble("probability"))
            }
    }
}
