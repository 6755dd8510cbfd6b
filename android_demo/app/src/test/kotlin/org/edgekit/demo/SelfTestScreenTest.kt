package org.edgekit.demo

import android.content.ComponentName
import android.os.Looper
import android.widget.Button
import java.time.Duration
import java.util.concurrent.CountDownLatch
import org.edgekit.demo.remote.MOST_SECONDS
import org.edgekit.demo.remote.SelfTestService
import org.edgekit.demo.runtime.Libraries
import org.edgekit.demo.screens.PhotoActivity
import org.edgekit.demo.screens.SelfTestActivity
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

class SelfTestScreenTest : Device() {
    private fun open(): ActivityController<SelfTestActivity> = Robolectric.buildActivity(SelfTestActivity::class.java).setup()

    private fun tested(): ActivityController<SelfTestActivity> = open().also { await("the self-tests") { !app.selfTest.running } }

    private fun shows(screen: ActivityController<SelfTestActivity>, part: String) {
        val texts = shown(screen.get())
        assertTrue("$part is not among $texts", texts.any { part in it })
    }

    @Test
    fun everyStageHasItsFigureInGreen() {
        AssetFiles.put("MixNet_S" to "ncnn")
        val screen = tested()
        shows(screen, "MixNet_S, ncnn")
        val good = screen.get().getColor(R.color.good)
        assertEquals(good, colourOf(screen.get(), "passed"))
        assertEquals(good, colourOf(screen.get(), "8.1e-07 of at most 3.7e-06"))
        assertEquals(screen.get().getColor(R.color.quiet), colourOf(screen.get(), "not compared"))
        Screenshots.take(screen.get(), "self-test-passed")
    }

    @Test
    fun aFailedStageIsRedAndSaysWhere() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        lite.selfTest = FAILED
        val screen = tested()
        assertEquals(screen.get().getColor(R.color.bad), colourOf(screen.get(), "failed"))
        assertEquals(screen.get().getColor(R.color.bad), colourOf(screen.get(), "0.0412 of at most 3.7e-06"))
        shows(screen, "sample 1, class 7")
        assertEquals(screen.get().getColor(R.color.good), colourOf(screen.get(), "passed"))
        Screenshots.take(screen.get(), "self-test-failed")
    }

    @Test
    fun whatComparedNothingHasNotPassed() {
        AssetFiles.put("MixNet_S" to "ncnn")
        ncnn.selfTest = """{"passed": false, "stages": [{"stage": "tensor", "status": "passed", "figure": 0, "limit": 0}]}"""
        shows(tested(), "nothing is proved")
    }

    @Test
    fun aCrashIsARowAndTheNextModelIsTested() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        ncnn.hold = CountDownLatch(1)
        val screen = open()
        await("ncnn's self-test") { "self-test" in ncnn.asked }
        // What Android does when the process has ended.
        val connection = shadowOf(app).boundServiceConnections.single()
        connection.onServiceDisconnected(ComponentName(app, SelfTestService::class.java))
        ncnn.hold!!.countDown()
        await("the self-tests") { !app.selfTest.running }
        shows(screen, "ncnn ended its process with MixNet_S")
        assertEquals(screen.get().getColor(R.color.bad), colourOf(screen.get(), "not tested"))
        assertEquals(listOf("self-test"), lite.asked.toList())
        assertEquals(screen.get().getColor(R.color.good), colourOf(screen.get(), "passed"))
        Screenshots.take(screen.get(), "self-test-crashed")
    }

    @Test
    fun aRuntimeThatHangsIsGivenUp() {
        AssetFiles.put("MixNet_S" to "ncnn")
        ncnn.hold = CountDownLatch(1)
        val screen = open()
        await("the self-test") { "self-test" in ncnn.asked }
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(MOST_SECONDS))
        await("its end") { !app.selfTest.running }
        shows(screen, "did not answer for MixNet_S within 300 s")
        ncnn.hold!!.countDown()
    }

    @Test
    fun aLibraryThatIsNotInTheAppIsSaid() {
        AssetFiles.put("MixNet_S" to "lite")
        Libraries.make = Libraries::native
        shows(tested(), "Paddle Lite is not in this app")
    }

    @Test
    fun aTargetThatTheAppDoesNotRunIsSaid() {
        AssetFiles.put("MixNet_S" to "tensorrt", "MixNet_S" to "ncnn")
        val screen = tested()
        shows(screen, "No runtime of this app runs artifacts of tensorrt")
        assertEquals(listOf("self-test"), ncnn.asked.toList())
    }

    @Test
    fun theRuntimesOwnWordsAreShown() {
        AssetFiles.put("MixNet_S" to "ncnn")
        ncnn.error = "the artifact was never verified"
        shows(tested(), "The runtime says: the artifact was never verified.")
    }

    @Test
    fun noModelIsASentenceAndNoPhotoCanBeChosen() {
        val screen = tested()
        shows(screen, "There is no model in this app")
        assertFalse(screen.get().findViewById<Button>(R.id.photos)!!.isEnabled)
        Screenshots.take(screen.get(), "no-model")
    }

    @Test
    fun aDamagedModelIsARow() {
        AssetFiles.put("MixNet_S" to "ncnn")
        AssetFiles.file("MixNet_S/ncnn", "model.bin").appendText("!")
        shows(tested(), "MixNet_S is damaged: model.bin")
        assertEquals(emptyList<String>(), ncnn.asked.toList())
    }

    @Test
    fun aTurnedPhoneTestsNothingAgain() {
        AssetFiles.put("MixNet_S" to "ncnn")
        ncnn.hold = CountDownLatch(1)
        val screen = open()
        await("the self-test") { "self-test" in ncnn.asked }
        screen.recreate()
        shows(screen, "is tested")
        ncnn.hold!!.countDown()
        await("its end") { !app.selfTest.running }
        shows(screen, "passed")
        screen.recreate()
        shows(screen, "passed")
        assertEquals(listOf("self-test"), ncnn.asked.toList())
    }

    @Test
    fun itCanBeTestedAgainAndLeft() {
        AssetFiles.put("MixNet_S" to "ncnn")
        val screen = tested()
        ncnn.selfTest = FAILED
        screen.get().findViewById<Button>(R.id.again)!!.performClick()
        await("the second test") { !app.selfTest.running }
        assertEquals(2, ncnn.asked.size)
        shows(screen, "failed")
        screen.get().findViewById<Button>(R.id.photos)!!.performClick()
        assertEquals(PhotoActivity::class.java.name, shadowOf(screen.get()).nextStartedActivity.component!!.className)
    }
}
