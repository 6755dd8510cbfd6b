package org.edgekit.demo.screens

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.Button
import android.widget.LinearLayout
import android.widget.TextView
import org.edgekit.demo.DemoApplication
import org.edgekit.demo.R
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.report.deviceTitle
import org.edgekit.demo.runtime.SelfTestResult
import org.edgekit.demo.runtime.Stage

/** What the app opens on: whether each model computes on this device what it computed when it was verified. */
class SelfTestActivity : Activity() {
    private val work by lazy { (application as DemoApplication).selfTest }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(R.layout.self_test)
        view<TextView>(R.id.device).text = deviceTitle()
        view<Button>(R.id.again).setOnClickListener { work.start() }
        view<Button>(R.id.photos).setOnClickListener { startActivity(Intent(this, PhotoActivity::class.java)) }
    }

    override fun onStart() {
        super.onStart()
        work.changed = ::show
        work.startOnce()
        show()
    }

    override fun onStop() {
        work.changed = {}
        super.onStop()
    }

    private fun show() {
        val problem = work.problem
        view<TextView>(R.id.problem).showText(problem?.shown(this))
        view<Button>(R.id.again).isEnabled = !work.running
        view<Button>(R.id.photos).isEnabled = problem == null
        val list = view<LinearLayout>(R.id.models)
        list.removeAllViews()
        work.states.forEach { (model, state) -> list.addView(card(list, model, state)) }
    }

    private fun card(parent: ViewGroup, model: DemoModel, state: State): View {
        val card = LayoutInflater.from(this).inflate(R.layout.model_card, parent, false)
        card.view<TextView>(R.id.title).text =
            getString(R.string.model_on, model.title, model.backend?.title ?: model.target)
        val verdict = card.view<TextView>(R.id.verdict)
        val stages = card.view<LinearLayout>(R.id.stages)
        val (text, colour) =
            when (state) {
                is State.Waiting -> R.string.waiting to R.color.quiet
                is State.Running -> R.string.testing to R.color.quiet
                is State.Untested -> R.string.not_tested to R.color.bad
                is State.Tested -> if (state.result.passed) R.string.passed to R.color.good else R.string.failed to R.color.bad
            }
        verdict.setText(text)
        verdict.setTextColor(getColor(colour))
        card.view<View>(R.id.progress).visibility = if (state is State.Running) View.VISIBLE else View.GONE
        card.view<TextView>(R.id.why).showText(whyOf(state))
        (state as? State.Tested)?.result?.stages?.forEach { stages.addView(row(stages, it)) }
        return card
    }

    private fun whyOf(state: State): String? =
        when (state) {
            is State.Untested -> state.why.shown(this)
            is State.Tested -> if (state.result.passed) null else failureOf(state.result)
            else -> null
        }

    /** A test that compared nothing has not passed, and has no failed stage either. */
    private fun failureOf(result: SelfTestResult): String? =
        if (result.stages.any { it.failed }) null else getString(R.string.nothing_compared)

    private fun row(parent: ViewGroup, stage: Stage): View {
        val row = LayoutInflater.from(this).inflate(R.layout.stage_row, parent, false)
        val colour = getColor(if (stage.passed) R.color.good else if (stage.failed) R.color.bad else R.color.quiet)
        row.view<TextView>(R.id.mark).apply {
            setText(if (stage.passed) R.string.mark_passed else if (stage.failed) R.string.mark_failed else R.string.mark_none)
            setTextColor(colour)
        }
        row.view<TextView>(R.id.name).text = stage.name
        row.view<TextView>(R.id.figure).apply {
            text = figureOf(stage)
            setTextColor(colour)
        }
        row.view<TextView>(R.id.detail).showText(stage.detail.takeIf { !stage.passed && it.isNotEmpty() })
        return row
    }

    private fun figureOf(stage: Stage): String =
        if (stage.figure == null || stage.limit == null) {
            getString(R.string.not_compared)
        } else {
            getString(R.string.figure, figure(stage.figure), figure(stage.limit))
        }
}
