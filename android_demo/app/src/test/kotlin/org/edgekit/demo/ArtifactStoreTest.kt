package org.edgekit.demo

import java.io.File
import java.io.FileOutputStream
import org.edgekit.demo.models.ArtifactStore
import org.edgekit.demo.models.DemoModel
import org.edgekit.demo.models.sha256
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class ArtifactStoreTest : Device() {
    private val model = DemoModel("MixNet_S", "ncnn", "MixNet_S/ncnn", "MixNet_S")
    private val copies get() = File(app.filesDir, "artifacts").list().orEmpty().toList()

    private fun refusal(store: ArtifactStore = app.store): String =
        assertThrows(Refused::class.java) { store.install(model) }.sentence.shown(app)

    @Test
    fun aCopyIsWholeAndNamedByItsManifest() {
        AssetFiles.put("MixNet_S" to "ncnn")
        val copy = app.store.install(model)
        assertEquals(sha256(AssetFiles.file(model.folder, "manifest.json").readBytes()), copy.name)
        for (name in listOf("manifest.json", "model.bin", "golden.safetensors")) {
            assertEquals(name, AssetFiles.file(model.folder, name).readText(), File(copy, name).readText())
        }
    }

    @Test
    fun itIsMadeOnce() {
        AssetFiles.put("MixNet_S" to "ncnn")
        val copy = app.store.install(model)
        AssetFiles.file(model.folder, "model.bin").delete()
        assertEquals(copy, app.store.install(model))
        assertEquals(listOf(copy.name), copies)
    }

    @Test
    fun aDamagedFileIsNamedAndNothingIsKept() {
        AssetFiles.put("MixNet_S" to "ncnn")
        AssetFiles.file(model.folder, "model.bin").appendText("!")
        assertTrue(refusal(), "model.bin is not the file that was verified" in refusal())
        assertEquals(emptyList<String>(), copies)
    }

    @Test
    fun aMissingFileIsNamed() {
        AssetFiles.put("MixNet_S" to "ncnn")
        AssetFiles.file(model.folder, "golden.safetensors").delete()
        assertTrue(refusal(), "golden.safetensors is missing" in refusal())
    }

    @Test
    fun whatIsForOtherMachinesMayBeAbsent() {
        AssetFiles.put("MixNet_S" to "lite")
        val lite = DemoModel("MixNet_S", "lite", "MixNet_S/lite", "MixNet_S")
        val manifest = JSONObject(AssetFiles.file(lite.folder, "manifest.json").readText())
        manifest.getJSONObject("files").put("model.x86.nb", JSONObject().put("role", "model.x86.nb").put("sha256", "0"))
        AssetFiles.file(lite.folder, "manifest.json").writeText(manifest.toString())
        assertEquals(
            setOf("manifest.json", "model.bin", "golden.safetensors"), app.store.install(lite).list().orEmpty().toSet(),
        )
    }

    @Test
    fun aDamagedManifestIsSaid() {
        AssetFiles.put("MixNet_S" to "ncnn")
        for (text in listOf("{", "{}", """{"files": {"../a": {"sha256": ""}}}""", """{"files": {"..": {"sha256": ""}}}""")) {
            AssetFiles.file(model.folder, "manifest.json").writeText(text)
            assertTrue(refusal(), "MixNet_S is damaged" in refusal())
        }
        AssetFiles.file(model.folder, "manifest.json").delete()
        assertTrue(refusal(), "manifest.json is not in the app" in refusal())
    }

    @Test
    fun aFullDiskIsSaidAndNothingIsKept() {
        AssetFiles.put("MixNet_S" to "ncnn")
        val full = ArtifactStore(app.models, app.filesDir) { FileOutputStream("/dev/full") }
        assertTrue(refusal(full), "There is no room on this device for MixNet_S" in refusal(full))
        assertEquals(emptyList<String>(), copies)
    }

    @Test
    fun whatIsNotInTheAppAnyMoreGoes() {
        AssetFiles.put("MixNet_S" to "ncnn", "Old" to "ncnn")
        val kept = app.store.install(model)
        app.store.install(DemoModel("Old", "ncnn", "Old/ncnn", "Old"))
        File(app.filesDir, "artifacts/.partial-of-an-ended-process").mkdirs()
        app.store.keepOnly(listOf(model))
        assertEquals(listOf(kept.name), copies)
    }
}
