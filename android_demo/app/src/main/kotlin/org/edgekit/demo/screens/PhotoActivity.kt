package org.edgekit.demo.screens

import android.app.Activity
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.Spinner
import android.widget.TextView
import java.io.File
import org.edgekit.demo.Background
import org.edgekit.demo.DemoApplication
import org.edgekit.demo.R
import org.edgekit.demo.Refused
import org.edgekit.demo.Sentence
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.models.readIndex

private const val PICK = 1
private const val TAKE = 2
private const val SHOWN_SIDE = 1024
private const val MODEL = "model"
private const val RUNTIME = "runtime"
private const val PHOTO = "photo"

/** A photo and what the chosen model makes of it, in one runtime or in all side by side. */
class PhotoActivity : Activity() {
    private val demo by lazy { application as DemoApplication }
    private val work by lazy { demo.photo }
    private var models: List<DemoModel> = emptyList()
    private var problem: Sentence? = null
    private var photo: File? = null

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.photo)
        try {
            models = readIndex(demo.models)
        } catch (refused: Refused) {
            problem = refused.sentence
        }
        photo = savedInstanceState?.getString(PHOTO)?.let(::File)?.takeIf { it.exists() }
        fill(R.id.model, names(), savedInstanceState?.getInt(MODEL) ?: 0) {
            fillRuntimes(0)
            look()
        }
        fillRuntimes(savedInstanceState?.getInt(RUNTIME) ?: 0)
        view<Button>(R.id.pick).setOnClickListener { pick() }
        view<Button>(R.id.take).setOnClickListener {
            startActivityForResult(Intent(this, CameraActivity::class.java), TAKE)
        }
        view<Button>(R.id.share).setOnClickListener { share() }
    }

    override fun onStart() {
        super.onStart()
        work.changed = ::show
        show()
        showPhoto()
        // After the app's process was ended for memory the photo is there, and its answers are not.
        if (photo != null && work.photo != photo) look()
    }

    override fun onStop() {
        work.changed = {}
        super.onStop()
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        outState.putInt(MODEL, spinner(R.id.model).selectedItemPosition)
        outState.putInt(RUNTIME, spinner(R.id.runtime).selectedItemPosition)
        outState.putString(PHOTO, photo?.path)
    }

    @Deprecated("Its successor is a library's, which this app does without.")
    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
        val uri = data?.data
        if (resultCode == RESULT_OK && uri != null) take(uri)
    }

    private fun pick() {
        try {
            startActivityForResult(Intent(Intent.ACTION_GET_CONTENT).setType("image/*"), PICK)
        } catch (_: ActivityNotFoundException) {
            tell(Sentence(R.string.no_gallery))
        }
    }

    private fun take(uri: Uri) {
        // A name of its own each time: answers on their way belong to the photo before.
        val file = File(cacheDir, "photo-${System.nanoTime()}")
        val earlier = photo
        Background.run({
            try {
                takePhoto(contentResolver, uri, file)
                null
            } catch (refused: Refused) {
                refused.sentence
            }
        }) { why ->
            tell(why)
            if (why == null) {
                photo = file
                earlier?.delete()
                showPhoto()
                look()
            }
        }
    }

    private fun look() {
        val file = photo ?: return
        work.look(file, chosen())
    }

    private fun names() = models.map { it.model }.distinct()

    private fun ofModel() = models.filter { it.model == names().getOrNull(spinner(R.id.model).selectedItemPosition) }

    /** The artifacts that are asked: of all runtimes, which is the first choice where there are several, or of one. */
    private fun chosen(): List<DemoModel> {
        val artifacts = ofModel()
        val at = spinner(R.id.runtime).selectedItemPosition
        return if (artifacts.size < 2) artifacts else if (at <= 0) artifacts else listOfNotNull(artifacts.getOrNull(at - 1))
    }

    private fun fillRuntimes(selected: Int) {
        val each = ofModel().map { it.backend?.title ?: it.target }
        val choices = if (each.size < 2) each else listOf(getString(R.string.side_by_side)) + each
        fill(R.id.runtime, choices, selected, ::look)
    }

    private fun fill(id: Int, choices: List<String>, selected: Int, chosen: () -> Unit) {
        val spinner = spinner(id)
        spinner.onItemSelectedListener = null
        spinner.adapter =
            ArrayAdapter(this, android.R.layout.simple_spinner_item, choices).apply {
                setDropDownViewResource(android.R.layout.simple_spinner_dropdown_item)
            }
        val shown = selected.coerceIn(0, maxOf(0, choices.size - 1))
        spinner.setSelection(shown, false)
        spinner.isEnabled = choices.size > 1
        spinner.onItemSelectedListener = Chosen(shown, chosen)
    }

    /** A spinner also tells of the choice that it was made with. */
    private class Chosen(private var at: Int, private val chosen: () -> Unit) : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(parent: AdapterView<*>, view: View?, position: Int, id: Long) {
            if (position == at) return
            at = position
            chosen()
        }

        override fun onNothingSelected(parent: AdapterView<*>) = Unit
    }

    private fun spinner(id: Int) = view<Spinner>(id)

    private fun tell(why: Sentence?) {
        problem = why
        show()
    }

    private fun show() {
        view<TextView>(R.id.problem).showText(problem?.shown(this))
        AnswersView(this, view<LinearLayout>(R.id.answers), view(R.id.comparison)).show(work.looked)
        view<TextView>(R.id.warning).showText(warning())
        view<Button>(R.id.share).isEnabled = !work.running && work.looked.values.any { it is Looked.Seen }
        listOf(R.id.pick, R.id.take).forEach { view<Button>(it).isEnabled = models.isNotEmpty() }
    }

    /** What did not pass its self-test may still be looked at, and is not to be believed. */
    private fun warning(): String? {
        val doubtful = chosen().filter { (demo.selfTest.states[it] as? State.Tested)?.result?.passed != true }
        return doubtful.takeIf { it.isNotEmpty() }
            ?.let { list -> getString(R.string.not_proved, list.joinToString { it.backend?.title ?: it.target }) }
    }

    private fun showPhoto() {
        val view = view<ImageView>(R.id.picture)
        val file = photo
        if (file == null) {
            view.setImageDrawable(null)
            return
        }
        Background.run({ shownPhoto(file, SHOWN_SIDE) }) { if (photo == file) view.setImageBitmap(it) }
    }

    private fun share() {
        val file = photo ?: return
        view<Button>(R.id.share).isEnabled = false
        ReportSharing(demo).share(file, work.looked.filterValues { it is Looked.Seen }.keys.toList()) { intent, why ->
            if (intent != null) startActivity(intent)
            tell(why)
        }
    }
}
