package org.edgekit.demo.screens

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.SurfaceTexture
import android.net.Uri
import android.os.Bundle
import android.provider.Settings
import android.view.OrientationEventListener
import android.view.TextureView
import android.view.View
import android.widget.Button
import android.widget.TextView
import java.io.File
import java.io.IOException
import org.edgekit.demo.R
import org.edgekit.demo.Sentence
import org.edgekit.demo.saysFull

private const val ASK = 1

/** Takes one photo; its result's data is the JPEG file. */
class CameraActivity : Activity() {
    private val preview by lazy { view<TextureView>(R.id.preview) }
    private var camera: Camera? = null
    private var asked = false
    private var turned = 0
    private val orientation by lazy {
        object : OrientationEventListener(this) {
            override fun onOrientationChanged(degrees: Int) {
                if (degrees != ORIENTATION_UNKNOWN) turned = (degrees + 45) / 90 * 90 % 360
            }
        }
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.camera)
        asked = savedInstanceState?.getBoolean("asked") ?: false
        view<Button>(R.id.shutter).setOnClickListener { shoot() }
        view<Button>(R.id.allow).setOnClickListener { allow() }
        preview.surfaceTextureListener =
            object : TextureView.SurfaceTextureListener {
                override fun onSurfaceTextureAvailable(surface: SurfaceTexture, width: Int, height: Int) = begin()

                override fun onSurfaceTextureSizeChanged(surface: SurfaceTexture, width: Int, height: Int) {
                    camera?.fit(preview)
                }

                override fun onSurfaceTextureDestroyed(surface: SurfaceTexture): Boolean = true

                override fun onSurfaceTextureUpdated(surface: SurfaceTexture) = Unit
            }
    }

    override fun onResume() {
        super.onResume()
        orientation.enable()
        if (allowed()) {
            begin()
        } else if (asked) {
            refuse(Sentence(R.string.camera_denied))
        } else {
            asked = true
            requestPermissions(arrayOf(Manifest.permission.CAMERA), ASK)
        }
    }

    override fun onPause() {
        orientation.disable()
        camera?.close()
        camera = null
        super.onPause()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putBoolean("asked", asked)
    }

    override fun onRequestPermissionsResult(requestCode: Int, permissions: Array<out String>, grantResults: IntArray) {
        if (allowed()) begin() else refuse(Sentence(R.string.camera_denied))
    }

    private fun allowed() = checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED

    private fun begin() {
        if (!allowed() || camera != null) return
        view<View>(R.id.refused).visibility = View.GONE
        if (!preview.isAvailable) return // Its listener comes back here.
        camera = Camera(this, preview, ::refuse).also { it.open() }
    }

    private fun refuse(why: Sentence) {
        camera?.close()
        camera = null
        view<View>(R.id.refused).visibility = View.VISIBLE
        view<TextView>(R.id.problem).text = why.shown(this)
        val denied = !allowed()
        view<View>(R.id.allow).visibility = if (denied) View.VISIBLE else View.GONE
        view<View>(R.id.shutter).isEnabled = false
    }

    /** Android asks twice and no more: then only its settings help. */
    private fun allow() {
        if (shouldShowRequestPermissionRationale(Manifest.permission.CAMERA)) {
            requestPermissions(arrayOf(Manifest.permission.CAMERA), ASK)
        } else {
            val address = Uri.fromParts("package", packageName, null)
            startActivity(Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, address))
        }
    }

    private fun shoot() {
        val shutter = view<Button>(R.id.shutter)
        shutter.isEnabled = false
        camera?.shoot(turned) { bytes ->
            val file = File(cacheDir, "shot.jpg")
            try {
                file.writeBytes(bytes)
                setResult(RESULT_OK, Intent().setData(Uri.fromFile(file)))
                finish()
            } catch (error: IOException) {
                refuse(Sentence(if (error.saysFull()) R.string.no_room else R.string.unreadable_photo))
            }
        }
    }

    /** The camera shows a picture: it can be taken. */
    fun ready() {
        view<View>(R.id.shutter).isEnabled = true
    }
}
