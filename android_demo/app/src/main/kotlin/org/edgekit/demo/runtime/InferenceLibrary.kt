package org.edgekit.demo.runtime

/**
 * What the native library of a backend offers (app/src/main/cpp/edgekit_jni.cpp). Paths are UTF-8, answers are JSON in
 * UTF-8; one that could not be made is `{"error": "one sentence"}`.
 */
interface InferenceLibrary {
    /** Such as `edgekit 0.1.0, ncnn 1.0.20261020, aarch64`, no JSON. */
    fun version(): ByteArray

    /** Stage by stage, whether the artifact in a folder computes here what it computed when it was verified. */
    fun selfTest(folder: ByteArray, threads: Int): ByteArray

    /** A loaded artifact, to be closed; 0 where it cannot be loaded, with the sentence in `error[0]`. */
    fun open(folder: ByteArray, threads: Int, error: Array<ByteArray?>): Long

    fun close(model: Long)

    /** The likeliest `top` classes of a JPEG or PNG file's bytes. */
    fun classify(model: Long, photo: ByteArray, top: Int): ByteArray

    /** Write a device's report on a photo into a folder; `machine` are names and values in turn. Answers `{}`. */
    fun report(model: Long, photo: ByteArray, folder: ByteArray, machine: Array<ByteArray>): ByteArray
}
