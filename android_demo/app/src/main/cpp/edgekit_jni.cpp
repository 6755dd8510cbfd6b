// The functions of org.edgekit.demo.runtime.InferenceLibrary over edgekit/runtime_c.h. Texts cross as UTF-8 in byte arrays:
// Java's own strings in C have an encoding of their own, and names are a stranger's.
#include <jni.h>

#include <cstring>
#include <string>
#include <vector>

#include "edgekit/runtime_c.h"

namespace {

constexpr std::size_t kSentence = 1024;

std::string text_of(JNIEnv* env, jbyteArray bytes) {
  if (!bytes) return "";
  std::string text(static_cast<std::size_t>(env->GetArrayLength(bytes)), '\0');
  env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(text.size()), reinterpret_cast<jbyte*>(&text[0]));
  return text;
}

// Null, with a Java exception on its way, where there is no memory for it.
jbyteArray bytes_of(JNIEnv* env, const char* text) {
  const jsize size = static_cast<jsize>(std::strlen(text));
  jbyteArray bytes = env->NewByteArray(size);
  if (bytes) env->SetByteArrayRegion(bytes, 0, size, reinterpret_cast<const jbyte*>(text));
  return bytes;
}

jbyteArray document(JNIEnv* env, char* text) {
  jbyteArray bytes = bytes_of(env, text ? text : "{\"error\": \"there is not enough memory\"}");
  edgekit_free_text(text);
  return bytes;
}

edgekit_model* model_of(jlong model) { return reinterpret_cast<edgekit_model*>(model); }

// The bytes of a photo while it is looked at, without a copy where Java can do without.
class Bytes {
 public:
  Bytes(JNIEnv* env, jbyteArray array) : env_(env), array_(array), data_(env->GetByteArrayElements(array, nullptr)) {}
  ~Bytes() {
    if (data_) env_->ReleaseByteArrayElements(array_, data_, JNI_ABORT);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(data_); }
  std::size_t size() const { return data_ ? static_cast<std::size_t>(env_->GetArrayLength(array_)) : 0; }

 private:
  JNIEnv* env_;
  jbyteArray array_;
  jbyte* data_;
};

jbyteArray version(JNIEnv* env, jobject) { return bytes_of(env, edgekit_version()); }

jbyteArray self_test(JNIEnv* env, jobject, jbyteArray folder, jint threads) {
  return document(env, edgekit_self_test_json(text_of(env, folder).c_str(), threads, nullptr));
}

jlong open_model(JNIEnv* env, jobject, jbyteArray folder, jint threads, jobjectArray error) {
  char sentence[kSentence] = "";
  edgekit_model* model = edgekit_load(text_of(env, folder).c_str(), threads, nullptr, sentence, sizeof(sentence));
  if (!model) {
    if (jbyteArray bytes = bytes_of(env, sentence)) env->SetObjectArrayElement(error, 0, bytes);
  }
  return reinterpret_cast<jlong>(model);
}

void close_model(JNIEnv*, jobject, jlong model) { edgekit_free(model_of(model)); }

jbyteArray classify(JNIEnv* env, jobject, jlong model, jbyteArray photo, jint top) {
  const Bytes bytes(env, photo);
  return document(env, edgekit_classify_json(model_of(model), bytes.data(), bytes.size(), top));
}

// `machine` are names and values in turn. "{}", or {"error": ...}.
jbyteArray report(JNIEnv* env, jobject, jlong model, jbyteArray photo, jbyteArray folder, jobjectArray machine) {
  std::vector<std::string> words;
  for (jsize i = 0; i < env->GetArrayLength(machine); ++i) {
    jbyteArray word = static_cast<jbyteArray>(env->GetObjectArrayElement(machine, i));
    words.push_back(text_of(env, word));
    env->DeleteLocalRef(word);
  }
  std::vector<const char*> pairs;
  for (const std::string& word : words) pairs.push_back(word.c_str());
  pairs.push_back(nullptr);
  const Bytes bytes(env, photo);
  char sentence[kSentence] = "";
  const int done = edgekit_report(model_of(model), bytes.data(), bytes.size(), text_of(env, folder).c_str(), pairs.data(),
                                  0, sentence, sizeof(sentence));
  if (done == 1) return bytes_of(env, "{}");
  // A sentence has no control characters, and with quotation marks and backslashes escaped it is a text of JSON.
  std::string escaped;
  for (const char* at = sentence; *at; ++at) {
    if (*at == '"' || *at == '\\') escaped += '\\';
    escaped += *at;
  }
  return bytes_of(env, ("{\"error\": \"" + escaped + "\"}").c_str());
}

template <typename Function>
JNINativeMethod method(const char* name, const char* signature, Function* function) {
  return {const_cast<char*>(name), const_cast<char*>(signature), reinterpret_cast<void*>(function)};
}

}  // namespace

// Several of these libraries may be loaded, so that none is found by its functions' names: each names its class.
extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
  JNIEnv* env = nullptr;
  if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
  jclass own = env->FindClass(EDGEKIT_JNI_CLASS);
  if (!own) return JNI_ERR;
  const JNINativeMethod methods[] = {
      method("version", "()[B", version),
      method("selfTest", "([BI)[B", self_test),
      method("open", "([BI[[B)J", open_model),
      method("close", "(J)V", close_model),
      method("classify", "(J[BI)[B", classify),
      method("report", "(J[B[B[[B)[B", report),
  };
  const jint count = static_cast<jint>(sizeof(methods) / sizeof(methods[0]));
  return env->RegisterNatives(own, methods, count) == JNI_OK ? JNI_VERSION_1_6 : JNI_ERR;
}
