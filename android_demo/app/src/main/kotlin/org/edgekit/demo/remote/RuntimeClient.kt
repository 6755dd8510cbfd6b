package org.edgekit.demo.remote

import android.content.ComponentName
import android.content.Context
import android.content.Intent
import android.content.ServiceConnection
import android.os.Handler
import android.os.IBinder
import android.os.Looper
import android.os.Message
import android.os.Messenger
import android.os.Process
import android.os.RemoteException

/** How long a request may take: large networks on slow phones take their time, and a process that hangs must end. */
const val MOST_SECONDS = 300L

/**
 * Asks a service's process, one request at a time, and answers on the main thread, to which all calls belong. A
 * process that ends or hangs is an answer too, and the next request gets a new one.
 */
class RuntimeClient(private val context: Context, private val service: Class<out RuntimeService>) {
    private class Asked(val request: Request, val number: Int, val answer: (Reply) -> Unit)

    private val main = Handler(Looper.getMainLooper())
    private val replies = Messenger(Handler(Looper.getMainLooper(), ::receive))
    private val waiting = ArrayDeque<Asked>()
    private var current: Asked? = null
    private var connection: Connection? = null
    private var process = 0
    private var count = 0

    fun ask(request: Request, answer: (Reply) -> Unit) {
        waiting += Asked(request, ++count, answer)
        next()
    }

    /** Let the process release the models that it has loaded, if it is there and idle. */
    fun release() {
        if (current == null && connection?.messenger != null) ask(Request(Task.RELEASE)) {}
    }

    private fun next() {
        if (current != null) return
        val asked = waiting.removeFirstOrNull() ?: return
        current = asked
        main.postDelayed(late, MOST_SECONDS * 1000)
        val bound = connection
        if (bound == null) bind() else bound.messenger?.let(::send)
    }

    private fun bind() {
        val made = Connection()
        connection = made
        if (!context.bindService(Intent(context, service), made, Context.BIND_AUTO_CREATE)) gone(made)
    }

    private fun send(messenger: Messenger) {
        val asked = current ?: return
        val message = Message.obtain(null, ASKED, 0, asked.number)
        message.data = asked.request.bundle()
        message.replyTo = replies
        try {
            messenger.send(message)
        } catch (_: RemoteException) {
            connection?.let(::gone)
        }
    }

    private fun receive(message: Message): Boolean {
        // An answer may still come from a process that was given up.
        val asked = current?.takeIf { it.number == message.arg2 } ?: return true
        when (message.what) {
            STARTED -> process = message.arg1
            ANSWERED -> end(asked, replyOf(message.data))
        }
        return true
    }

    private val late = Runnable {
        val asked = current ?: return@Runnable
        if (process != 0 && process != Process.myPid()) Process.killProcess(process)
        disconnect()
        end(asked, Reply.Late(MOST_SECONDS))
    }

    private fun gone(lost: Connection) {
        if (lost !== connection) return
        disconnect()
        current?.let { end(it, Reply.Crashed) }
    }

    private fun disconnect() {
        connection?.let { context.unbindService(it) }
        connection = null
        process = 0
    }

    private fun end(asked: Asked, reply: Reply) {
        main.removeCallbacks(late)
        current = null
        asked.answer(reply)
        next()
    }

    private inner class Connection : ServiceConnection {
        var messenger: Messenger? = null

        override fun onServiceConnected(name: ComponentName, binder: IBinder) {
            if (this !== connection) return
            messenger = Messenger(binder).also(::send)
        }

        override fun onServiceDisconnected(name: ComponentName) = gone(this)

        override fun onBindingDied(name: ComponentName) = gone(this)

        override fun onNullBinding(name: ComponentName) = gone(this)
    }
}
