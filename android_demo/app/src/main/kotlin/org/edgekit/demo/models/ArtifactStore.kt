package org.edgekit.demo.models

import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.io.InputStream
import java.security.MessageDigest
import java.util.UUID
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.edgekit.demo.saysFull
import org.json.JSONException
import org.json.JSONObject

private const val MANIFEST = "manifest.json"
private const val PARTIAL = ".partial-"

/**
 * Artifacts as files, which is what the runtime loads: each is copied out of the assets once, into a folder that is
 * named by its manifest's hash. A folder is whole or not there: it is written beside and renamed into place.
 */
class ArtifactStore(
    private val assets: Assets,
    files: File,
    private val output: (File) -> FileOutputStream = ::FileOutputStream,
) {
    private val folder = File(files, "artifacts")

    /** The folder of a model's artifact, copied first where needed. Throws [Refused] for one that cannot be had. */
    @Synchronized
    fun install(model: DemoModel): File {
        val manifest = readManifest(model)
        val place = File(folder, sha256(manifest))
        if (File(place, MANIFEST).exists()) return place
        val partial = File(folder, "$PARTIAL${UUID.randomUUID()}")
        try {
            if (!partial.mkdirs()) throw IOException("$partial cannot be made")
            copyFiles(model, recordsOf(model, manifest), partial)
            File(partial, MANIFEST).writeBytes(manifest)
            if (!partial.renameTo(place)) throw IOException("$partial cannot be renamed")
        } catch (error: IOException) {
            throw Refused(uncopied(model, error), error)
        } finally {
            partial.deleteRecursively()
        }
        return place
    }

    /** Remove the copies of artifacts that are not among `models` any more, and what an ended process left. */
    @Synchronized
    fun keepOnly(models: List<DemoModel>) {
        val kept =
            models.mapNotNull {
                try {
                    sha256(readManifest(it))
                } catch (_: Refused) {
                    null // Its row says so.
                }
            }
        folder.listFiles()?.filter { it.name !in kept }?.forEach { it.deleteRecursively() }
    }

    /** Forget a copy, so that the next is made anew: for one in which the runtime found damage. */
    @Synchronized
    fun forget(copy: File) {
        copy.deleteRecursively()
    }

    private fun readManifest(model: DemoModel): ByteArray =
        try {
            assets.open("$MODELS/${model.folder}/$MANIFEST").use { it.readBytes() }
        } catch (error: IOException) {
            throw Refused(Sentence(R.string.no_manifest, model.title, model.folder), error)
        }

    /** What the manifest says of each file, by its name. */
    private fun recordsOf(model: DemoModel, manifest: ByteArray): Map<String, JSONObject> =
        try {
            val document = JSONObject(manifest.toString(Charsets.UTF_8))
            listOfNotNull(document.getJSONObject("files"), document.optJSONObject("golden"))
                .flatMap { table -> table.keys().asSequence().map { it to table.getJSONObject(it) } }
                .toMap()
        } catch (error: JSONException) {
            throw Refused(Sentence(R.string.damaged_file, model.title, MANIFEST), error)
        }

    private fun copyFiles(model: DemoModel, records: Map<String, JSONObject>, into: File) {
        for ((name, record) in records) {
            if ('/' in name || name == "..") throw Refused(Sentence(R.string.damaged_file, model.title, name))
            val stream =
                try {
                    assets.open("$MODELS/${model.folder}/$name")
                } catch (error: IOException) {
                    if (record.optString("role") in model.backend?.spares.orEmpty()) continue
                    throw Refused(Sentence(R.string.missing_file, model.title, name), error)
                }
            val found = stream.use { copy(it, output(File(into, name))) }
            if (found != record.optString("sha256")) throw Refused(Sentence(R.string.damaged_file, model.title, name))
        }
    }

    private fun uncopied(model: DemoModel, error: IOException): Sentence =
        if (error.saysFull()) {
            Sentence(R.string.disk_full, model.title, folder.usableSpace shr 20)
        } else {
            Sentence(R.string.uncopied, model.title, error.message.orEmpty())
        }
}

/** Copy a stream into a file, which is closed then; returns the SHA-256. */
private fun copy(stream: InputStream, file: FileOutputStream): String {
    val digest = MessageDigest.getInstance("SHA-256")
    file.use { output ->
        val buffer = ByteArray(1 shl 16)
        while (true) {
            val count = stream.read(buffer)
            if (count < 0) break
            digest.update(buffer, 0, count)
            output.write(buffer, 0, count)
        }
        output.fd.sync()
    }
    return hex(digest.digest())
}

/** The SHA-256 of bytes, in hexadecimal digits. */
fun sha256(bytes: ByteArray): String = hex(MessageDigest.getInstance("SHA-256").digest(bytes))

private fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }
