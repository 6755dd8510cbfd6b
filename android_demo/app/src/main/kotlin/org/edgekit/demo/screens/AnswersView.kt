package org.edgekit.demo.screens

import android.app.Activity
import android.view.LayoutInflater
import android.view.View
import android.view.ViewGroup
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.TextView
import org.edgekit.demo.R
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.runtime.Answer
import org.edgekit.demo.runtime.Comparison

private const val FULL_BAR = 1000

/** The answers side by side, a column each, with what they do not agree on marked. */
class AnswersView(private val activity: Activity, private val columns: LinearLayout, private val verdict: TextView) {
    fun show(looked: Map<DemoModel, Looked>) {
        columns.removeAllViews()
        val seen = looked.values.filterIsInstance<Looked.Seen>().map { it.answer }
        val comparison = if (seen.size == 2 && looked.size == 2) Comparison.of(seen[0], seen[1]) else null
        looked.forEach { (model, state) -> columns.addView(column(model, state, comparison)) }
        verdict.showText(comparison?.let { wordsOf(it, seen) })
        verdict.setTextColor(activity.getColor(if (comparison?.sameFirst == true) R.color.good else R.color.bad))
    }

    private fun wordsOf(comparison: Comparison, seen: List<Answer>): String {
        val difference = comparison.largestDifference?.let(::figure) ?: activity.getString(R.string.nothing_shared)
        return when {
            !comparison.sameFirst ->
                activity.getString(R.string.disagree, seen[0].top.first().label, seen[1].top.first().label, difference)
            comparison.differingRanks.isNotEmpty() -> activity.getString(R.string.agree_on_first, difference)
            else -> activity.getString(R.string.agree, difference)
        }
    }

    private fun column(model: DemoModel, state: Looked, comparison: Comparison?): View {
        val column = LayoutInflater.from(activity).inflate(R.layout.answer_column, columns, false)
        column.view<TextView>(R.id.runtime_name).text = model.backend?.title ?: model.target
        column.view<View>(R.id.progress).visibility = if (state is Looked.Running) View.VISIBLE else View.GONE
        column.view<TextView>(R.id.why).showText((state as? Looked.Unseen)?.why?.shown(activity))
        val answer = (state as? Looked.Seen)?.answer
        column.view<TextView>(R.id.latency).showText(answer?.let(::latency))
        val rows = column.view<LinearLayout>(R.id.classes)
        answer?.top?.indices?.forEach { rows.addView(row(rows, answer, it, comparison?.differingRanks.orEmpty())) }
        return column
    }

    private fun latency(answer: Answer): String =
        if (answer.runMs == null) {
            activity.getString(R.string.one_run, figure(answer.firstMs))
        } else {
            activity.getString(R.string.latency, figure(answer.runMs), answer.repeats, figure(answer.firstMs))
        }

    private fun row(parent: ViewGroup, answer: Answer, rank: Int, differing: Set<Int>): View {
        val one = answer.top[rank]
        val row = LayoutInflater.from(activity).inflate(R.layout.class_row, parent, false)
        val differs = rank in differing
        row.view<TextView>(R.id.label).text =
            if (differs) activity.getString(R.string.differing, one.label) else one.label
        row.view<TextView>(R.id.probability).text = activity.getString(R.string.percent, one.probability * 100)
        row.view<ProgressBar>(R.id.bar).apply {
            max = FULL_BAR
            progress = (one.probability * FULL_BAR).toInt()
        }
        row.setBackgroundColor(activity.getColor(if (differs) R.color.differs else android.R.color.transparent))
        return row
    }
}
