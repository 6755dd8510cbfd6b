package org.edgekit.demo.remote

import android.os.Bundle
import org.edgekit.demo.models.Backend

/** What a service's process is asked to do. */
enum class Task { SELF_TEST, CLASSIFY, REPORT, RELEASE }

/** A request to such a process. It names files, which every process of the app reads. */
data class Request(
    val task: Task,
    val backend: Backend? = null,
    val folder: String = "",
    val photo: String = "",
    val into: String = "",
    val machine: List<String> = emptyList(),
) {
    fun bundle() =
        Bundle().apply {
            putString("task", task.name)
            putString("backend", backend?.name)
            putString("folder", folder)
            putString("photo", photo)
            putString("into", into)
            putStringArrayList("machine", ArrayList(machine))
        }

    companion object {
        fun of(bundle: Bundle) =
            Request(
                Task.valueOf(bundle.getString("task")!!),
                bundle.getString("backend")?.let(Backend::valueOf),
                bundle.getString("folder").orEmpty(),
                bundle.getString("photo").orEmpty(),
                bundle.getString("into").orEmpty(),
                bundle.getStringArrayList("machine").orEmpty(),
            )
    }
}

/** What comes of a request. */
sealed interface Reply {
    /** The runtime's JSON document, and how long each run after the first took, in milliseconds. */
    class Done(val json: String, val laterMs: DoubleArray = DoubleArray(0)) : Reply

    /** The runtime's own sentence of what is wrong. */
    data class Failed(val sentence: String) : Reply

    /** The backend's library is not in the app, or does not load. */
    data class NoLibrary(val detail: String) : Reply

    /** The process ended before it answered. */
    data object Crashed : Reply

    /** It did not answer in so many seconds, and was ended. */
    data class Late(val seconds: Long) : Reply
}

fun Reply.bundle() =
    Bundle().apply {
        when (val reply = this@bundle) {
            is Reply.Done -> {
                putString("json", reply.json)
                putDoubleArray("later_ms", reply.laterMs)
            }
            is Reply.Failed -> putString("failed", reply.sentence)
            is Reply.NoLibrary -> putString("no_library", reply.detail)
            is Reply.Crashed, is Reply.Late -> error("a process that is gone says nothing")
        }
    }

fun replyOf(bundle: Bundle): Reply {
    bundle.getString("json")?.let { return Reply.Done(it, bundle.getDoubleArray("later_ms") ?: DoubleArray(0)) }
    bundle.getString("no_library")?.let { return Reply.NoLibrary(it) }
    return Reply.Failed(bundle.getString("failed").orEmpty())
}

// What messages mean.
const val ASKED = 1
const val STARTED = 2 // arg1: the process's number
const val ANSWERED = 3
