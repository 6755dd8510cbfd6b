package org.edgekit.demo.runtime

import org.json.JSONObject

/** One thing that was compared: what was measured, and what it may be at most; neither where nothing was compared. */
data class Stage(val name: String, val status: String, val figure: Double?, val limit: Double?, val detail: String) {
    val passed get() = status == "passed"
    val failed get() = status == "failed"
}

/** A self-test that was made. `json` is the runtime's own document. */
data class SelfTestResult(val passed: Boolean, val stages: List<Stage>, val json: String) {
    companion object {
        /** Throws JSONException for what is no such document. */
        fun of(json: String): SelfTestResult {
            val document = JSONObject(json)
            val list = document.getJSONArray("stages")
            val stages = (0 until list.length()).map { stageOf(list.getJSONObject(it)) }
            return SelfTestResult(document.getBoolean("passed"), stages, json)
        }

        private fun stageOf(entry: JSONObject) =
            Stage(
                entry.getString("stage"),
                entry.getString("status"),
                entry.number("figure"),
                entry.number("limit"),
                entry.optString("detail"),
            )

        private fun JSONObject.number(key: String): Double? = if (isNull(key)) null else getDouble(key)
    }
}
