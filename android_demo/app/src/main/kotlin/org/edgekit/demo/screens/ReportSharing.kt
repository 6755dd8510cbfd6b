package org.edgekit.demo.screens

import android.content.ClipData
import android.content.Intent
import java.io.File
import java.io.IOException
import org.edgekit.demo.Background
import org.edgekit.demo.DemoApplication
import org.edgekit.demo.R
import org.edgekit.demo.Sentence
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.report.addressOf
import org.edgekit.demo.report.reportFolder
import org.edgekit.demo.report.zipReport
import org.edgekit.demo.saysFull

/** Makes a device's report of each artifact on a photo, zips it and hands it to another app. */
class ReportSharing(private val demo: DemoApplication) {
    private val zips = mutableListOf<File>()

    /** Report on all `models`, one after the other; then the intent that shares them, or why there is none. */
    fun share(photo: File, models: List<DemoModel>, done: (Intent?, Sentence?) -> Unit) {
        Background.run({ reportFolder(demo).deleteRecursively() }) { next(photo, models, done) }
    }

    private fun next(photo: File, left: List<DemoModel>, done: (Intent?, Sentence?) -> Unit) {
        val model = left.firstOrNull()
        if (model == null) {
            done(intent(), null)
            return
        }
        val name = "edgekit-${model.model}-${model.target}".replace(Regex("[^A-Za-z0-9._-]"), "_")
        val folder = File(reportFolder(demo), name)
        Background.run({ folder.mkdirs() }) {
            demo.photo.report(model, photo, folder) { why ->
                if (why != null) done(null, why) else zip(model, folder, photo, left, done)
            }
        }
    }

    private fun zip(
        model: DemoModel,
        folder: File,
        photo: File,
        left: List<DemoModel>,
        done: (Intent?, Sentence?) -> Unit,
    ) {
        val zip = File(folder.path + ".zip")
        val selfTest = demo.selfTest.documentOf(model)
        Background.run({
            try {
                zipReport(folder, selfTest, zip)
                null
            } catch (error: IOException) {
                if (error.saysFull()) Sentence(R.string.no_room) else Sentence(R.string.unzipped, error.message.orEmpty())
            } finally {
                folder.deleteRecursively()
            }
        }) { why ->
            if (why != null) {
                done(null, why)
            } else {
                zips += zip
                next(photo, left.drop(1), done)
            }
        }
    }

    private fun intent(): Intent {
        val addresses = ArrayList(zips.map(::addressOf))
        val send =
            Intent(if (addresses.size == 1) Intent.ACTION_SEND else Intent.ACTION_SEND_MULTIPLE)
                .setType("application/zip")
                .addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
        if (addresses.size == 1) {
            send.putExtra(Intent.EXTRA_STREAM, addresses[0])
        } else {
            send.putParcelableArrayListExtra(Intent.EXTRA_STREAM, addresses)
        }
        // The permission goes with the clip: the chooser hands it on.
        send.clipData = ClipData.newRawUri("", addresses[0]).apply { addresses.drop(1).forEach { addItem(ClipData.Item(it)) } }
        return Intent.createChooser(send, demo.getString(R.string.share_report))
    }
}
