package org.edgekit.demo.report

import java.io.File
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import org.json.JSONObject

private const val REPORT = "report.json"

/**
 * Zip the folder that the runtime wrote as a device's report, its files at the root, as `edgekit verify --from-device`
 * takes them. `selfTest` is the document of the self-test that was made in a process of its own, or null.
 */
fun zipReport(folder: File, selfTest: String?, zip: File) {
    val partial = File(zip.path + ".partial")
    try {
        ZipOutputStream(partial.outputStream().buffered()).use { output ->
            folder.listFiles().orEmpty().filter { it.isFile }.sortedBy { it.name }.forEach { file ->
                output.putNextEntry(ZipEntry(file.name))
                if (file.name == REPORT) {
                    output.write(withSelfTest(file.readText(), selfTest).toByteArray())
                } else {
                    file.inputStream().use { it.copyTo(output) }
                }
                output.closeEntry()
            }
        }
        if (!partial.renameTo(zip)) throw java.io.IOException("$partial cannot be renamed")
    } finally {
        partial.delete()
    }
}

private fun withSelfTest(report: String, selfTest: String?): String =
    if (selfTest == null) report else JSONObject(report).put("self_test", JSONObject(selfTest)).toString(2)
