package org.edgekit.demo.runtime

import org.edgekit.demo.models.Backend

/** Of [Backend.LITE]. The native code registers its functions with this class when it is loaded. */
class LiteLibrary : InferenceLibrary {
    init {
        System.loadLibrary(Backend.LITE.library)
    }

    external override fun version(): ByteArray

    external override fun selfTest(folder: ByteArray, threads: Int): ByteArray

    external override fun open(folder: ByteArray, threads: Int, error: Array<ByteArray?>): Long

    external override fun close(model: Long)

    external override fun classify(model: Long, photo: ByteArray, top: Int): ByteArray

    external override fun report(model: Long, photo: ByteArray, folder: ByteArray, machine: Array<ByteArray>): ByteArray
}
