package org.edgekit.demo

import java.io.File
import org.edgekit.demo.runtime.NcnnLibrary

/**
 * Runs the app's native library by the app's own class, without Android: checks/emulated.py starts it in an ARM64 Java.
 * Arguments: an artifact's folder, a photo, a folder for the report, a damaged artifact's folder. Prints one answer a line.
 */
object Emulated {
    @JvmStatic
    fun main(arguments: Array<String>) {
        val (artifact, photo, report, damaged) = arguments
        val library = NcnnLibrary()
        print("version", library.version())
        print("self-test", library.selfTest(artifact.toByteArray(), 1))
        val error = arrayOfNulls<ByteArray>(1)
        val model = library.open(artifact.toByteArray(), 1, error)
        check(model != 0L) { error[0]?.toString(Charsets.UTF_8).orEmpty() }
        val bytes = File(photo).readBytes()
        print("photo", library.classify(model, bytes, 5))
        print("no photo", library.classify(model, "no photo".toByteArray(), 5))
        print("empty photo", library.classify(model, ByteArray(0), 5))
        val machine = listOf("model", "Ämulator \"a53\"").map { it.toByteArray() }.toTypedArray()
        print("report", library.report(model, bytes, report.toByteArray(), machine))
        print("no room", library.report(model, bytes, "/dev/null/folder".toByteArray(), machine))
        library.close(model)
        check(library.open(damaged.toByteArray(), 1, error) == 0L)
        print("damaged", error[0]!!)
    }

    private fun print(what: String, answer: ByteArray) {
        System.out.write("$what\t".toByteArray())
        System.out.write(answer.toString(Charsets.UTF_8).replace("\n", " ").toByteArray())
        System.out.write("\n".toByteArray())
        System.out.flush()
    }
}
