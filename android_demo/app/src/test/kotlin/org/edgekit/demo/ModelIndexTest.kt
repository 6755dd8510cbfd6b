package org.edgekit.demo

import org.edgekit.demo.models.readIndex
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class ModelIndexTest : Device() {
    private fun sentence(): String = assertThrows(Refused::class.java) { readIndex(app.models) }.sentence.shown(app)

    @Test
    fun everyModelIsReadInItsOrder() {
        AssetFiles.put("MixNet_S" to "ncnn", "MixNet_S" to "lite")
        assertEquals(listOf("ncnn", "lite"), readIndex(app.models).map { it.target })
    }

    @Test
    fun noIndexNamesTheCommand() {
        assertTrue(sentence(), "edgekit export-app" in sentence())
    }

    @Test
    fun anEmptyIndexIsNoModel() {
        AssetFiles.index("""{"schema_version": 1, "models": []}""")
        assertTrue(sentence(), "no model" in sentence())
    }

    @Test
    fun whatIsNoJsonIsSaid() {
        AssetFiles.index("""{"schema_version": 1, "models": [""")
        assertTrue(sentence(), "models/index.json" in sentence())
    }

    @Test
    fun anotherSchemaIsSaid() {
        AssetFiles.index("""{"schema_version": 2, "models": []}""")
        assertTrue(sentence(), "schema_version is 2" in sentence())
    }

    @Test
    fun noFolderLeadsOutOfTheModels() {
        for (folder in listOf("../secret", "/etc", "a//b", "a/..", "")) {
            AssetFiles.index("""{"schema_version": 1, "models": [{"model": "m", "target": "ncnn", "folder": "$folder"}]}""")
            assertTrue(folder, "folder is" in sentence())
        }
    }
}
