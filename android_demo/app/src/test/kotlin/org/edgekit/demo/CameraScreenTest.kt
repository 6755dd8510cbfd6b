package org.edgekit.demo

import android.Manifest
import android.content.pm.PackageManager
import android.os.Looper
import android.provider.Settings
import android.view.View
import android.widget.Button
import org.edgekit.demo.screens.Camera
import org.edgekit.demo.screens.CameraActivity
import org.edgekit.demo.screens.view
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf

class CameraScreenTest : Device() {
    private val screen by lazy { Robolectric.buildActivity(CameraActivity::class.java).setup() }

    @Test
    fun itAsksForLeaveOnce() {
        val asked = shadowOf(screen.get()).lastRequestedPermission
        assertEquals(listOf(Manifest.permission.CAMERA), asked.requestedPermissions.toList())
        screen.pause().resume()
        assertTrue(shown(screen.get()).any { "Without leave to use the camera" in it })
    }

    @Test
    fun aDeniedCameraIsASentenceWithAWayOut() {
        val asked = shadowOf(screen.get()).lastRequestedPermission
        screen.get().onRequestPermissionsResult(
            asked.requestCode, arrayOf(Manifest.permission.CAMERA), intArrayOf(PackageManager.PERMISSION_DENIED),
        )
        assertTrue(shown(screen.get()).any { "Without leave to use the camera" in it })
        assertFalse(screen.get().view<Button>(R.id.shutter).isEnabled)
        // Android asks no more: only its settings help.
        screen.get().view<Button>(R.id.allow).performClick()
        val intent = shadowOf(screen.get()).nextStartedActivity
        assertEquals(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, intent.action)
        assertEquals("package:org.edgekit.demo", intent.dataString)
        Screenshots.take(screen.get(), "camera-denied")
    }

    @Test
    fun aDeviceWithoutACameraSaysSo() {
        shadowOf(app).grantPermissions(Manifest.permission.CAMERA)
        var said: Sentence? = null
        Camera(screen.get(), screen.get().view(R.id.preview)) { said = it }.open()
        shadowOf(Looper.getMainLooper()).idle()
        assertTrue(said!!.shown(app), "no camera" in said!!.shown(app))
        assertEquals(View.GONE, screen.get().view<View>(R.id.refused).visibility)
    }
}
