package org.edgekit.demo.runtime

import kotlin.math.abs

/** Two runtimes' answers to one photo, rank by rank. */
data class Comparison(val sameFirst: Boolean, val differingRanks: Set<Int>, val largestDifference: Double?) {
    companion object {
        fun of(one: Answer, other: Answer): Comparison {
            val ranks = 0 until maxOf(one.top.size, other.top.size)
            val differing = ranks.filter { one.top.getOrNull(it)?.index != other.top.getOrNull(it)?.index }.toSet()
            val others = other.top.associateBy { it.index }
            // Of the classes that both name: what is not among the first is not known.
            val difference = one.top.mapNotNull { mine -> others[mine.index]?.let { abs(mine.probability - it.probability) } }
            return Comparison(0 !in differing, differing, difference.maxOrNull())
        }
    }
}
