package org.edgekit.demo.runtime

import org.edgekit.demo.models.Backend

/** The native libraries of this process, each loaded when it is first asked for. */
object Libraries {
    /** What makes one; tests put others in its place. */
    var make: (Backend) -> InferenceLibrary = ::native

    /** Throws [UnsatisfiedLinkError] where the library is not in the app, or not for this processor. */
    fun of(backend: Backend): InferenceLibrary = make(backend)

    fun native(backend: Backend): InferenceLibrary =
        when (backend) {
            Backend.NCNN -> NcnnLibrary()
            Backend.LITE -> LiteLibrary()
        }
}
