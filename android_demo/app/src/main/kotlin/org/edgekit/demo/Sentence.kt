package org.edgekit.demo

import android.content.Context
import java.io.IOException

/** What went wrong, for people: a text of the app with what it names. */
data class Sentence(val text: Int, val names: List<Any> = emptyList()) {
    constructor(text: Int, vararg names: Any) : this(text, names.toList())

    fun shown(context: Context): String = context.getString(text, *names.toTypedArray())
}

/** Work that cannot be done, and why. */
class Refused(val sentence: Sentence, cause: Throwable? = null) : Exception(cause)

/** Whether a disk was full: Java has no class for it, and the system's words are in the message. */
fun IOException.saysFull(): Boolean =
    generateSequence<Throwable>(this) { it.cause }.any { it.message?.contains("No space left") == true }
