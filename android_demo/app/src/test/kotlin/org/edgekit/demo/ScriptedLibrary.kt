package org.edgekit.demo

import java.io.File
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import org.edgekit.demo.runtime.InferenceLibrary
import org.json.JSONArray
import org.json.JSONObject

const val PASSED = """{"passed": true, "stages": [
    {"stage": "decoded photo", "status": "passed", "figure": 0, "limit": 0, "detail": ""},
    {"stage": "tensor", "status": "passed", "figure": 0, "limit": 0, "detail": ""},
    {"stage": "output logits", "status": "passed", "figure": 8.1e-7, "limit": 3.7e-6, "detail": ""},
    {"stage": "loaded again", "status": "not compared", "detail": "there is one model"}]}"""
const val FAILED = """{"passed": false, "stages": [
    {"stage": "decoded photo", "status": "passed", "figure": 0, "limit": 0, "detail": ""},
    {"stage": "output logits", "status": "failed", "figure": 0.0412, "limit": 3.7e-6, "detail": "sample 1, class 7"}]}"""

/** A library that says what a test tells it to, and remembers what it was asked. */
class ScriptedLibrary : InferenceLibrary {
    var selfTest = PASSED
    var error: String? = null
    var classes = listOf("tabby" to 0.71, "tiger cat" to 0.19, "lynx" to 0.05, "tub" to 0.02, "fox" to 0.01)
    var hold: CountDownLatch? = null
    val asked = CopyOnWriteArrayList<String>()

    override fun version() = "edgekit 0, scripted".toByteArray()

    override fun selfTest(folder: ByteArray, threads: Int): ByteArray {
        asked += "self-test"
        hold?.await()
        return (error?.let(::refusal) ?: selfTest).toByteArray()
    }

    override fun open(folder: ByteArray, threads: Int, error: Array<ByteArray?>): Long {
        asked += "open"
        check(File(folder.toString(Charsets.UTF_8), "manifest.json").exists())
        error[0] = this.error?.toByteArray()
        return if (this.error == null) 7 else 0
    }

    override fun close(model: Long) {
        asked += "close"
    }

    override fun classify(model: Long, photo: ByteArray, top: Int): ByteArray {
        asked += "classify"
        val list = JSONArray()
        classes.take(top).forEach { (label, probability) ->
            list.put(JSONObject().put("index", label.hashCode()).put("label", label).put("probability", probability))
        }
        return JSONObject().put("classes", list).put("run_ms", 12.5).toString().toByteArray()
    }

    override fun report(model: Long, photo: ByteArray, folder: ByteArray, machine: Array<ByteArray>): ByteArray {
        asked += "report"
        hold?.await()
        val words = machine.map { it.toString(Charsets.UTF_8) }
        val told = JSONObject().also { table -> words.chunked(2).forEach { (name, value) -> table.put(name, value) } }
        val document = JSONObject().put("machine", told).put("self_test", JSONObject.NULL)
        File(folder.toString(Charsets.UTF_8), "report.json").writeText(document.toString())
        File(folder.toString(Charsets.UTF_8), "outputs.safetensors").writeBytes(photo)
        return "{}".toByteArray()
    }

    private fun refusal(sentence: String) = JSONObject().put("error", sentence).toString()
}
