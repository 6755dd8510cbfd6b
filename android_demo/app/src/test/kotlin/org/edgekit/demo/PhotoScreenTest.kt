package org.edgekit.demo

import android.app.Activity
import android.content.ComponentCallbacks2
import android.content.ComponentName
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.net.Uri
import android.os.Bundle
import android.os.Looper
import android.widget.Button
import android.widget.ProgressBar
import android.widget.Spinner
import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.zip.ZipInputStream
import org.edgekit.demo.remote.PhotoService
import org.edgekit.demo.screens.PhotoActivity
import org.edgekit.demo.screens.view
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

class PhotoScreenTest : Device() {
    private val screen: ActivityController<PhotoActivity> by lazy {
        Robolectric.buildActivity(PhotoActivity::class.java).setup()
    }

    private fun picture(name: String = "picture.png"): Uri {
        val bitmap = Bitmap.createBitmap(320, 240, Bitmap.Config.ARGB_8888)
        for (y in 0 until 240) for (x in 0 until 320) bitmap.setPixel(x, y, Color.rgb(x * 255 / 320, y, 120))
        val file = File(app.cacheDir, name)
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        return Uri.fromFile(file)
    }

    /** Press the button, and let the gallery answer. */
    private fun choose(uri: Uri) {
        press(R.id.pick)
        shadowOf(screen.get()).nextStartedActivity
        val asked = shadowOf(screen.get()).nextStartedActivityForResult
        assertEquals(Intent.ACTION_GET_CONTENT, asked.intent.action)
        shadowOf(screen.get()).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(uri))
    }

    private fun press(id: Int) {
        screen.get().view<Button>(id).performClick()
        shadowOf(Looper.getMainLooper()).idle()
    }

    private fun answered(count: Int) = await("$count answers") { app.photo.looked.size == count && !app.photo.running }

    private fun shows(part: String) {
        val texts = shown(screen.get())
        assertTrue("$part is not among $texts", texts.any { part in it })
    }

    @Test
    fun aPhotoIsNamedWithBarsAndTimes() {
        AssetFiles.put("MixNet_S" to "ncnn")
        screen
        choose(picture())
        answered(1)
        val texts = shown(screen.get())
        assertEquals(listOf("tabby", "71.0 %", "tiger cat", "19.0 %", "lynx", "5.0 %", "tub", "2.0 %", "fox", "1.0 %"),
            texts.dropWhile { it != "tabby" }.takeWhile { "photo" !in it })
        shows("12.5 ms (median of 10), the first 12.5 ms")
        assertEquals(710, screen.get().view<ProgressBar>(R.id.bar).progress)
        assertEquals(listOf("open") + List(11) { "classify" }, ncnn.asked.toList())
        await("the picture") { screen.get().view<android.widget.ImageView>(R.id.picture).drawable != null }
    }

    @Test
    fun runtimesThatAgreeSayByHowMuch() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        lite.classes = ncnn.classes.map { (label, probability) -> label to probability - 0.001 }
        screen
        choose(picture())
        answered(2)
        shows("They agree; probabilities differ by 0.00100 at most.")
        assertFalse(shown(screen.get()).any { it.startsWith("≠") })
        await("the picture") { screen.get().view<android.widget.ImageView>(R.id.picture).drawable != null }
        Screenshots.take(screen.get(), "photo-agree")
    }

    @Test
    fun aDisagreementIsMarkedRankByRank() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        lite.classes = listOf("tiger cat" to 0.48, "tabby" to 0.42, "lynx" to 0.05, "tub" to 0.02, "fox" to 0.01)
        screen
        choose(picture())
        answered(2)
        shows("They disagree: tabby or tiger cat; probabilities differ by 0.290 at most.")
        assertEquals(
            listOf("≠ tabby", "≠ tiger cat", "≠ tiger cat", "≠ tabby"),
            shown(screen.get()).filter { it.startsWith("≠") },
        )
        await("the picture") { screen.get().view<android.widget.ImageView>(R.id.picture).drawable != null }
        Screenshots.take(screen.get(), "photo-disagree")
    }

    @Test
    fun oneRuntimeCanBeChosen() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        screen
        choose(picture())
        answered(2)
        screen.get().view<Spinner>(R.id.runtime).setSelection(2)
        answered(1)
        assertEquals(listOf("lite"), app.photo.looked.keys.map { it.target })
    }

    @Test
    fun whatHasNotPassedItsSelfTestSaysSo() {
        AssetFiles.put("MixNet_S" to "ncnn")
        ncnn.selfTest = FAILED
        app.selfTest.start()
        await("the self-test") { !app.selfTest.running }
        screen
        shows("Has not passed its self-test on this device: ncnn.")
    }

    @Test
    fun whatIsNoPhotoIsSaidAndTheEarlierStays() {
        AssetFiles.put("MixNet_S" to "ncnn")
        screen
        choose(picture())
        answered(1)
        val text = File(app.cacheDir, "text.jpg").apply { writeText("no photo") }
        choose(Uri.fromFile(text))
        await("the sentence") { shown(screen.get()).any { "no photo that can be decoded" in it } }
        shows("tabby")
        choose(Uri.fromFile(File(app.cacheDir, "absent.jpg")))
        await("the sentence") { shown(screen.get()).any { "The photo could not be read" in it } }
        choose(Uri.fromFile(File(app.cacheDir, "cut.png").apply { writeBytes(byteArrayOf(0x89.toByte(), 0x50, 0x4e, 0x47)) }))
        await("the sentence") { shown(screen.get()).any { "no photo that can be decoded" in it } }
        Screenshots.take(screen.get(), "no-photo")
    }

    @Test
    fun aRefusalByOneRuntimeLeavesTheOther() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        screen
        ncnn.error = "the model cannot be loaded"
        choose(picture())
        answered(2)
        shows("The runtime says: the model cannot be loaded.")
        shows("tabby")
        assertTrue(screen.get().view<Button>(R.id.share).isEnabled)
    }

    @Test
    fun aTurnedPhoneKeepsTheAnswers() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        screen
        choose(picture())
        answered(2)
        val asked = ncnn.asked.size
        screen.recreate()
        shadowOf(Looper.getMainLooper()).idle()
        shows("They agree")
        assertEquals(asked, ncnn.asked.size)
    }

    @Test
    fun anEndedProcessLooksAgain() {
        AssetFiles.put("MixNet_S" to "ncnn")
        screen
        choose(picture())
        answered(1)
        val state = Bundle()
        screen.pause().stop().saveInstanceState(state).destroy()
        app.photo.look(File(app.cacheDir, "another"), emptyList()) // A new process has no answers.
        val again = Robolectric.buildActivity(PhotoActivity::class.java).setup(state)
        answered(1)
        assertTrue(shown(again.get()).any { it == "tabby" })
    }

    @Test
    fun littleMemoryClosesTheModels() {
        AssetFiles.put("MixNet_S" to "ncnn")
        screen
        choose(picture())
        answered(1)
        app.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_BACKGROUND)
        await("the models to be closed") { "close" in ncnn.asked }
        choose(picture("another.png"))
        await("the model to be opened again") { ncnn.asked.count { it == "open" } == 2 && !app.photo.running }
        photoService.onTrimMemory(ComponentCallbacks2.TRIM_MEMORY_BACKGROUND)
        await("the models to be closed again") { ncnn.asked.count { it == "close" } == 2 }
    }

    @Test
    fun aReportIsAZipWithTheSelfTestAndTheDevice() {
        AssetFiles.put("MixNet_S" to "ncnn")
        app.selfTest.start()
        await("the self-test") { !app.selfTest.running }
        screen
        choose(picture())
        answered(1)
        press(R.id.share)
        await("the chooser") { shadowOf(screen.get()).peekNextStartedActivity() != null }
        val chooser = shadowOf(screen.get()).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        val send = chooser.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        assertEquals("application/zip", send.type)
        assertTrue(send.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        val uri = send.getParcelableExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        val files = mutableMapOf<String, ByteArray>()
        ZipInputStream(app.contentResolver.openInputStream(uri)!!).use { zip ->
            generateSequence { zip.nextEntry }.forEach { files[it.name] = zip.readBytes() }
        }
        assertEquals(setOf("report.json", "outputs.safetensors"), files.keys)
        val report = JSONObject(files["report.json"]!!.toString(Charsets.UTF_8))
        assertTrue(report.getJSONObject("self_test").getBoolean("passed"))
        assertEquals(android.os.Build.MODEL, report.getJSONObject("machine").getString("model"))
    }

    @Test
    fun twoRuntimesGiveTwoReports() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        screen
        choose(picture())
        answered(2)
        press(R.id.share)
        await("the chooser") { shadowOf(screen.get()).peekNextStartedActivity() != null }
        val send = shadowOf(screen.get()).nextStartedActivity.getParcelableExtra(Intent.EXTRA_INTENT, Intent::class.java)!!
        val addresses = send.getParcelableArrayListExtra(Intent.EXTRA_STREAM, Uri::class.java)!!
        assertEquals(listOf("edgekit-MixNet_S-ncnn.zip", "edgekit-MixNet_S-lite.zip"), addresses.map { it.lastPathSegment })
    }

    @Test
    fun aCrashOfTheReportIsASentence() {
        AssetFiles.put("MixNet_S" to "ncnn")
        screen
        choose(picture())
        answered(1)
        ncnn.hold = CountDownLatch(1)
        press(R.id.share)
        await("the report") { "report" in ncnn.asked }
        val connection = shadowOf(app).boundServiceConnections.single()
        connection.onServiceDisconnected(ComponentName(app, PhotoService::class.java))
        await("the sentence") { shown(screen.get()).any { "ncnn ended its process with MixNet_S" in it } }
        ncnn.hold!!.countDown()
        assertEquals(null, shadowOf(screen.get()).peekNextStartedActivity())
        assertTrue(screen.get().view<Button>(R.id.share).isEnabled)
    }

    @Test
    fun withoutAModelNothingCanBePressed() {
        shows("There is no model in this app")
        for (id in listOf(R.id.pick, R.id.take, R.id.share)) assertFalse(screen.get().view<Button>(id).isEnabled)
    }
}
