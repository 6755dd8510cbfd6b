package org.edgekit.demo.screens

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.graphics.Matrix
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.hardware.camera2.CaptureFailure
import android.hardware.camera2.CaptureRequest
import android.media.ImageReader
import android.os.Handler
import android.os.Looper
import android.util.Size
import android.view.Surface
import android.view.TextureView
import org.edgekit.demo.R
import org.edgekit.demo.Sentence

// No classifier looks at more, and larger ones take longer to decode.
private const val MOST_PIXELS = 1920 * 1440

/** The back camera, or the only one, on a preview. All calls and answers are on the main thread. */
class Camera(
    private val activity: CameraActivity,
    private val preview: TextureView,
    private val refused: (Sentence) -> Unit,
) {
    private val manager = activity.getSystemService(Context.CAMERA_SERVICE) as CameraManager
    private val main = Handler(Looper.getMainLooper())
    private var device: CameraDevice? = null
    private var session: CameraCaptureSession? = null
    private var reader: ImageReader? = null
    private var closed = false
    private var sensor = 90
    private var size = Size(640, 480)

    @SuppressLint("MissingPermission") // CameraActivity asks for it first.
    fun open() {
        try {
            val id = bestId()
            if (id == null) {
                refused(Sentence(R.string.no_camera))
                return
            }
            val about = manager.getCameraCharacteristics(id)
            sensor = about.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 90
            val map = about.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
            val photo = largest(map?.getOutputSizes(ImageFormat.JPEG))
            size = nearest(map?.getOutputSizes(SurfaceTexture::class.java), photo)
            reader = ImageReader.newInstance(photo.width, photo.height, ImageFormat.JPEG, 1)
            manager.openCamera(id, Opened(), main)
        } catch (_: CameraAccessException) {
            refused(Sentence(R.string.camera_busy))
        } catch (_: IllegalArgumentException) {
            refused(Sentence(R.string.no_camera))
        } catch (_: SecurityException) {
            refused(Sentence(R.string.camera_denied))
        }
    }

    /** Take a photo; `turned` is how far the device is turned from upright, in degrees. */
    fun shoot(turned: Int, done: (ByteArray) -> Unit) {
        val camera = device ?: return
        val output = reader ?: return
        output.setOnImageAvailableListener({ source ->
            source.acquireLatestImage()?.use { image ->
                val buffer = image.planes[0].buffer
                done(ByteArray(buffer.remaining()).also(buffer::get))
            }
        }, main)
        guarded {
            val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_STILL_CAPTURE)
            request.addTarget(output.surface)
            // The sensor's pixels stay as they are, and the file's EXIF says how they are to be turned.
            request.set(CaptureRequest.JPEG_ORIENTATION, (sensor + turned) % 360)
            session?.capture(request.build(), Shot(), main)
        }
    }

    fun close() {
        closed = true
        session?.close()
        device?.close()
        reader?.close()
    }

    /** Show the whole width of the picture, unstretched: a TextureView stretches it to its own size. */
    fun fit(view: TextureView) {
        if (view.width == 0 || view.height == 0) return
        val (width, height) = if (sensor % 180 == 0) size.width to size.height else size.height to size.width
        val scale = minOf(view.width.toFloat() / width, view.height.toFloat() / height)
        val matrix = Matrix()
        matrix.setScale(
            width * scale / view.width, height * scale / view.height, view.width / 2f, view.height / 2f,
        )
        view.setTransform(matrix)
    }

    private fun bestId(): String? {
        val ids = manager.cameraIdList
        val back = CameraCharacteristics.LENS_FACING_BACK
        return ids.firstOrNull { manager.getCameraCharacteristics(it).get(CameraCharacteristics.LENS_FACING) == back }
            ?: ids.firstOrNull()
    }

    private fun largest(sizes: Array<Size>?): Size {
        val known = sizes.orEmpty().sortedBy { it.width.toLong() * it.height }
        return known.lastOrNull { it.width.toLong() * it.height <= MOST_PIXELS } ?: known.firstOrNull() ?: size
    }

    /** The largest of a preview's sizes with the photo's proportions, so that it shows what will be taken. */
    private fun nearest(sizes: Array<Size>?, photo: Size): Size {
        val alike = sizes.orEmpty().filter { it.width * photo.height == it.height * photo.width }
        return largest((alike.ifEmpty { sizes.orEmpty().toList() }).toTypedArray())
    }

    @Suppress("DEPRECATION") // Its successor begins with Android 9.
    private fun show(camera: CameraDevice) {
        val texture = preview.surfaceTexture ?: return
        texture.setDefaultBufferSize(size.width, size.height)
        fit(preview)
        val surface = Surface(texture)
        val photos = reader?.surface ?: return
        guarded {
            val request = camera.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
            request.addTarget(surface)
            camera.createCaptureSession(listOf(surface, photos), Shown(request), main)
        }
    }

    private fun guarded(work: () -> Unit) {
        try {
            work()
        } catch (_: CameraAccessException) {
            refused(Sentence(R.string.camera_busy))
        } catch (_: IllegalStateException) {
            refused(Sentence(R.string.camera_busy)) // It was closed in between.
        }
    }

    private inner class Opened : CameraDevice.StateCallback() {
        override fun onOpened(camera: CameraDevice) {
            if (closed) {
                camera.close()
                return
            }
            device = camera
            show(camera)
        }

        override fun onDisconnected(camera: CameraDevice) = lost(camera)

        override fun onError(camera: CameraDevice, error: Int) = lost(camera)

        private fun lost(camera: CameraDevice) {
            camera.close()
            if (!closed) refused(Sentence(R.string.camera_busy))
        }
    }

    private inner class Shown(private val request: CaptureRequest.Builder) : CameraCaptureSession.StateCallback() {
        override fun onConfigured(made: CameraCaptureSession) {
            if (closed) return
            session = made
            guarded {
                made.setRepeatingRequest(request.build(), null, main)
                activity.ready()
            }
        }

        override fun onConfigureFailed(made: CameraCaptureSession) {
            if (!closed) refused(Sentence(R.string.camera_busy))
        }
    }

    private inner class Shot : CameraCaptureSession.CaptureCallback() {
        override fun onCaptureFailed(session: CameraCaptureSession, request: CaptureRequest, failure: CaptureFailure) {
            if (!closed) refused(Sentence(R.string.camera_busy))
        }
    }
}
