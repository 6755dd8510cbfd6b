package org.edgekit.demo.screens

import org.edgekit.demo.Background
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.edgekit.demo.models.ArtifactStore
import org.edgekit.demo.models.Assets
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.models.readIndex
import org.edgekit.demo.remote.Reply
import org.edgekit.demo.remote.Request
import org.edgekit.demo.remote.RuntimeClient
import org.edgekit.demo.remote.Task
import org.edgekit.demo.runtime.SelfTestResult
import org.json.JSONException

/** How far the self-test of a model is. */
sealed interface State {
    data object Waiting : State

    data object Running : State

    data class Tested(val result: SelfTestResult) : State

    data class Untested(val why: Sentence) : State
}

/** The self-tests of all models in the app, one after the other. */
class SelfTestWork(private val assets: Assets, private val store: ArtifactStore, private val client: RuntimeClient) {
    /** Why there is nothing to test, where that is so. */
    var problem: Sentence? = null
        private set

    /** Every model with how far it is, in the index's order. */
    val states = linkedMapOf<DemoModel, State>()

    /** Called on the main thread when something has changed. */
    var changed: () -> Unit = {}

    val running get() = states.values.any { it is State.Waiting || it is State.Running }

    /** Start where nothing has been tested yet. */
    fun startOnce() {
        if (states.isEmpty() && problem == null) start()
    }

    fun start() {
        if (running) return
        problem = null
        states.clear()
        try {
            readIndex(assets).forEach { states[it] = State.Waiting }
        } catch (refused: Refused) {
            problem = refused.sentence
        }
        changed()
        val models = states.keys.toList()
        Background.run({ store.keepOnly(models) }) { next() }
    }

    /** The document of a model's self-test, where one was made. */
    fun documentOf(model: DemoModel): String? = (states[model] as? State.Tested)?.result?.json

    private fun next() {
        val model = states.entries.firstOrNull { it.value is State.Waiting }?.key ?: return
        val backend = model.backend
        if (backend == null) {
            end(model, State.Untested(Sentence(R.string.no_backend, model.target)))
            return
        }
        become(model, State.Running)
        installed(store, model) { folder, why ->
            if (folder == null) {
                end(model, State.Untested(why!!))
            } else {
                client.ask(Request(Task.SELF_TEST, backend, folder.path)) { end(model, stateOf(model, it)) }
            }
        }
    }

    private fun end(model: DemoModel, state: State) {
        become(model, state)
        next()
    }

    private fun become(model: DemoModel, state: State) {
        states[model] = state
        changed()
    }

    private fun stateOf(model: DemoModel, reply: Reply): State =
        if (reply is Reply.Done) {
            try {
                State.Tested(SelfTestResult.of(reply.json))
            } catch (_: JSONException) {
                State.Untested(Sentence(R.string.unreadable_answer, model.title))
            }
        } else {
            State.Untested(sentenceOf(model, reply))
        }
}
