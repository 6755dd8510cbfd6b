package org.edgekit.demo.remote

import java.io.File
import java.io.IOException
import org.edgekit.demo.models.Backend
import org.edgekit.demo.runtime.InferenceLibrary
import org.edgekit.demo.runtime.Libraries
import org.json.JSONException
import org.json.JSONObject

private const val TOP = 5
private const val REPEATS = 10
private const val REPEATING_SECONDS = 2.0
private const val THREADS = 0 // as many as the runtime thinks right

/** Does what a service is asked, on one thread; models stay loaded until they are released. */
class Worker {
    private val libraries = mutableMapOf<Backend, InferenceLibrary>()
    private val models = mutableMapOf<String, Pair<InferenceLibrary, Long>>()

    fun answer(request: Request): Reply =
        try {
            when (request.task) {
                Task.SELF_TEST -> judged(library(request).selfTest(request.folder.toByteArray(), THREADS))
                Task.CLASSIFY -> classify(request)
                Task.REPORT -> report(request)
                Task.RELEASE -> release()
            }
        } catch (error: UnsatisfiedLinkError) {
            Reply.NoLibrary(error.message.orEmpty())
        } catch (error: IOException) {
            Reply.Failed(error.message.orEmpty())
        } catch (error: OutOfMemoryError) {
            release()
            Reply.Failed("there is not enough memory for this photo")
        } catch (error: UnusableModel) {
            Reply.Failed(error.message.orEmpty())
        }

    fun release(): Reply {
        models.values.forEach { (library, model) -> library.close(model) }
        models.clear()
        return Reply.Done("{}")
    }

    private fun library(request: Request): InferenceLibrary {
        val backend = requireNotNull(request.backend)
        return libraries.getOrPut(backend) { Libraries.of(backend) }
    }

    private fun model(request: Request): Pair<InferenceLibrary, Long> =
        models.getOrPut("${request.backend} ${request.folder}") {
            val library = library(request)
            val error = arrayOfNulls<ByteArray>(1)
            val model = library.open(request.folder.toByteArray(), THREADS, error)
            if (model == 0L) throw UnusableModel(error[0]?.toString(Charsets.UTF_8).orEmpty())
            library to model
        }

    private fun classify(request: Request): Reply {
        val (library, model) = model(request)
        val photo = File(request.photo).readBytes()
        val first = judged(library.classify(model, photo, TOP))
        if (first !is Reply.Done) return first
        val later = mutableListOf<Double>()
        val end = System.nanoTime() + (REPEATING_SECONDS * 1e9).toLong()
        while (later.size < REPEATS && System.nanoTime() < end) {
            val again = judged(library.classify(model, photo, TOP))
            if (again !is Reply.Done) return again
            later += JSONObject(again.json).getDouble("run_ms")
        }
        return Reply.Done(first.json, later.toDoubleArray())
    }

    private fun report(request: Request): Reply {
        val (library, model) = model(request)
        val photo = File(request.photo).readBytes()
        val machine = request.machine.map { it.toByteArray() }.toTypedArray()
        return judged(library.report(model, photo, request.into.toByteArray(), machine))
    }
}

private class UnusableModel(sentence: String) : Exception(sentence)

/** A native answer: its document, or the sentence that it holds instead. */
private fun judged(answer: ByteArray): Reply {
    val json = answer.toString(Charsets.UTF_8)
    return try {
        val document = JSONObject(json)
        if (document.has("error")) Reply.Failed(document.getString("error")) else Reply.Done(json)
    } catch (_: JSONException) {
        Reply.Failed("the runtime's answer cannot be read")
    }
}
