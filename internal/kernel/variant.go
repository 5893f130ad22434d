package kernel

// The names of the kernel sets, as COREML_CPU takes them.
const (
	Generic = "generic"
	AVX2    = "avx2"
	AVX512  = "avx512"
	AMX     = "amx"
	NEON    = "neon"
)

// EnvCPU is the environment variable that caps the kernel set.
const EnvCPU = "COREML_CPU"
