package org.edgekit.demo.screens

import java.io.File
import org.edgekit.demo.R
import org.edgekit.demo.Sentence
import org.edgekit.demo.models.ArtifactStore
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.remote.Reply
import org.edgekit.demo.remote.Request
import org.edgekit.demo.remote.RuntimeClient
import org.edgekit.demo.remote.Task
import org.edgekit.demo.report.machine
import org.edgekit.demo.runtime.Answer
import org.json.JSONException

/** What one runtime made of the photo. */
sealed interface Looked {
    data object Running : Looked

    data class Seen(val answer: Answer) : Looked

    data class Unseen(val why: Sentence) : Looked
}

/** One photo, looked at by one model in one or several runtimes. */
class PhotoWork(private val store: ArtifactStore, private val client: RuntimeClient) {
    /** What each artifact made of the photo, in the order in which they were asked. */
    val looked = linkedMapOf<DemoModel, Looked>()

    /** The photo that the answers belong to. */
    var photo: File? = null
        private set

    /** Called on the main thread when something has changed. */
    var changed: () -> Unit = {}

    private var turn = 0

    val running get() = looked.values.any { it is Looked.Running }

    /** Show a photo to the artifacts of one model. Answers to an earlier photo are dropped. */
    fun look(photo: File, artifacts: List<DemoModel>) {
        val mine = ++turn
        this.photo = photo
        looked.clear()
        artifacts.forEach { looked[it] = Looked.Running }
        changed()
        artifacts.forEach { model -> look(photo, model, mine) }
    }

    /** Write the report of an artifact on the photo into a folder, then say what went wrong, or nothing. */
    fun report(model: DemoModel, photo: File, into: File, done: (Sentence?) -> Unit) {
        installed(store, model) { folder, why ->
            if (folder == null) {
                done(why)
            } else {
                val request =
                    Request(Task.REPORT, model.backend, folder.path, photo.path, into.path, machine())
                client.ask(request) { done(if (it is Reply.Done) null else sentenceOf(model, it)) }
            }
        }
    }

    /** Give memory back. */
    fun release() = client.release()

    private fun look(photo: File, model: DemoModel, mine: Int) {
        val backend = model.backend
        if (backend == null) {
            end(model, mine, Looked.Unseen(Sentence(R.string.no_backend, model.target)))
            return
        }
        installed(store, model) { folder, why ->
            when {
                mine != turn -> Unit
                folder == null -> end(model, mine, Looked.Unseen(why!!))
                else ->
                    client.ask(Request(Task.CLASSIFY, backend, folder.path, photo.path)) {
                        end(model, mine, lookedOf(model, it))
                    }
            }
        }
    }

    private fun end(model: DemoModel, mine: Int, state: Looked) {
        if (mine != turn) return
        looked[model] = state
        changed()
    }

    private fun lookedOf(model: DemoModel, reply: Reply): Looked =
        if (reply is Reply.Done) {
            try {
                Looked.Seen(Answer.of(reply.json, reply.laterMs))
            } catch (_: JSONException) {
                Looked.Unseen(Sentence(R.string.unreadable_answer, model.title))
            }
        } else {
            Looked.Unseen(sentenceOf(model, reply))
        }
}
