package org.edgekit.demo.screens

import java.io.File
import org.edgekit.demo.Background
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.edgekit.demo.models.ArtifactStore
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.remote.Reply

/** Copy an artifact in the background; then its folder, or why there is none, on the main thread. */
fun installed(store: ArtifactStore, model: DemoModel, done: (File?, Sentence?) -> Unit) {
    Background.run({
        try {
            store.install(model) to null
        } catch (refused: Refused) {
            null to refused.sentence
        }
    }) { (folder, why) -> done(folder, why) }
}

/** What a reply that holds no answer says to people. */
fun sentenceOf(model: DemoModel, reply: Reply): Sentence {
    val runtime = model.backend?.title ?: model.target
    return when (reply) {
        is Reply.Failed -> Sentence(R.string.runtime_says, reply.sentence)
        is Reply.NoLibrary -> Sentence(R.string.no_library, runtime)
        is Reply.Crashed -> Sentence(R.string.crashed, runtime, model.title)
        is Reply.Late -> Sentence(R.string.late, runtime, model.title, reply.seconds)
        is Reply.Done -> Sentence(R.string.unreadable_answer, model.title)
    }
}
