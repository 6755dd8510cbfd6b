package org.edgekit.demo.remote

import android.app.Service
import android.content.Intent
import android.os.Handler
import android.os.HandlerThread
import android.os.IBinder
import android.os.Looper
import android.os.Message
import android.os.Messenger
import android.os.Process
import android.os.RemoteException

/** A process of its own (see the manifest) in which inference libraries run: one request after the other. */
abstract class RuntimeService : Service() {
    private val thread = HandlerThread("runtime")
    private val worker = Worker()
    private lateinit var work: Handler
    private lateinit var messenger: Messenger

    override fun onCreate() {
        super.onCreate()
        thread.start()
        work = Handler(thread.looper)
        messenger = Messenger(Handler(Looper.getMainLooper(), ::receive))
    }

    override fun onBind(intent: Intent): IBinder = messenger.binder

    @Suppress("DEPRECATION") // From Android 14 on nobody is told of this level, and before it is the one that matters.
    override fun onTrimMemory(level: Int) {
        super.onTrimMemory(level)
        if (level >= TRIM_MEMORY_RUNNING_LOW) work.post { worker.release() }
    }

    override fun onDestroy() {
        work.post { worker.release() }
        thread.quitSafely()
        super.onDestroy()
    }

    private fun receive(message: Message): Boolean {
        if (message.what != ASKED) return false
        val caller = message.replyTo ?: return false
        val request = Request.of(message.data)
        val number = message.arg2
        caller.tell(Message.obtain(null, STARTED, Process.myPid(), number))
        work.post {
            val answer = Message.obtain(null, ANSWERED, 0, number)
            answer.data = worker.answer(request).bundle()
            caller.tell(answer)
        }
        return true
    }

    private fun Messenger.tell(message: Message) {
        try {
            send(message)
        } catch (_: RemoteException) {
            // Whoever asked is gone, and with it the question.
        }
    }
}

/** In which self-tests run. */
class SelfTestService : RuntimeService()

/** In which photos are looked at. */
class PhotoService : RuntimeService()
