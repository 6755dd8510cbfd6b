package org.edgekit.demo

import android.app.Activity
import android.content.ComponentName
import android.content.Intent
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.TextView
import java.util.concurrent.TimeUnit
import org.edgekit.demo.models.Backend
import org.edgekit.demo.remote.PhotoService
import org.edgekit.demo.remote.RuntimeService
import org.edgekit.demo.remote.SelfTestService
import org.edgekit.demo.runtime.Libraries
import org.junit.After
import org.junit.Before
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** After so long something hangs; it measures nothing. */
private const val PATIENCE_SECONDS = 900L

/** A device with the app's services, and libraries that say what a test tells them to. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = TestApplication::class, qualifiers = "w411dp-h891dp-xhdpi")
@GraphicsMode(GraphicsMode.Mode.NATIVE)
abstract class Device {
    val ncnn = ScriptedLibrary()
    val lite = ScriptedLibrary()
    val app: DemoApplication get() = RuntimeEnvironment.getApplication() as DemoApplication
    lateinit var selfTestService: RuntimeService
    lateinit var photoService: RuntimeService

    @Before
    fun boot() {
        AssetFiles.clear()
        Libraries.make = { if (it == Backend.NCNN) ncnn else lite }
        selfTestService = started(SelfTestService::class.java)
        photoService = started(PhotoService::class.java)
    }

    @After
    fun shutDown() {
        Libraries.make = Libraries::native
        AssetFiles.clear()
    }

    private fun started(service: Class<out RuntimeService>): RuntimeService {
        val made = Robolectric.buildService(service).create().get()
        val intent = Intent(app, service)
        shadowOf(app).setComponentNameAndServiceForBindServiceForIntent(intent, ComponentName(app, service), made.onBind(intent))
        return made
    }

    /** Let the main thread work until something is so. Other threads are real. */
    fun await(what: String, so: () -> Boolean) {
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
        while (System.nanoTime() < end) {
            shadowOf(Looper.getMainLooper()).idle()
            if (so()) return
            Thread.sleep(5)
        }
        throw AssertionError("$what: not within $PATIENCE_SECONDS s")
    }

    /** All texts that a screen shows, from above to below. */
    fun shown(activity: Activity): List<String> = texts(activity.window.decorView).map { it.text.toString() }

    fun texts(view: View): List<TextView> =
        when {
            view.visibility != View.VISIBLE -> emptyList()
            view is TextView -> listOf(view)
            view is ViewGroup -> (0 until view.childCount).flatMap { texts(view.getChildAt(it)) }
            else -> emptyList()
        }

    /** The colour of the first text that is so. */
    fun colourOf(activity: Activity, text: String): Int =
        texts(activity.window.decorView).first { it.text.toString() == text }.currentTextColor
}
