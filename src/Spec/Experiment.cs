using Pipelines.Domain;

namespace Pipelines.Spec;

/// <summary>
/// One experiment: a model, pictures, a question and the stages that are run on them. Immutable; every default stands
/// at its field.
/// </summary>
public sealed record Experiment
{
    /// <summary>
    /// Name of the run: its results lie in <c>artifacts/runs/&lt;name&gt;</c>. A member of a matrix adds
    /// <c>/axis=value</c>.
    /// </summary>
    [Form(
        "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.,=~-]{0,199})?$",
        "letters, digits, '-', '_' and '.', at most 100; the first a letter, digit or '_'"
    )]
    public required string Name { get; init; }

    /// <summary>
    /// Seed of every random choice: order of pictures, baseline pictures, masks, train/test split, random rankings.
    /// </summary>
    public int Seed { get; init; }

    /// <summary>The checkpoint and how it is computed.</summary>
    public required ModelSpec Model { get; init; }

    /// <summary>The pictures and their categories.</summary>
    public required DataSpec Data { get; init; }

    /// <summary>
    /// The question: <c>default</c>, <c>p1</c> to <c>p9</c> (the paper's ten prompts) or the literal text. Where
    /// pictures have questions of their own: the text around <c>{question}</c>; left out, the question alone.
    /// </summary>
    [Form(
        Prompts.Form,
        Prompts.Allowed,
        Words = [Prompts.Default, "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"]
    )]
    public string Prompt { get; init; } = Prompts.Default;

    /// <summary>
    /// What the target logit is measured against (paper, adjusted logit): <c>rows</c> = every row of the unembedding,
    /// <c>tokens</c> = rows that a token has.
    /// </summary>
    public LogitMean LogitMean { get; init; } = LogitMean.Rows;

    /// <summary>What f measures.</summary>
    public TargetSpec Target { get; init; } = new();

    /// <summary>How forward passes are executed; nothing here but <c>linear</c> may change a result.</summary>
    public EngineSpec Engine { get; init; } = new();

    /// <summary>The stages in file order, inputs resolved.</summary>
    public required IReadOnlyList<StageNode> Stages { get; init; }
}

/// <summary>A stage of an experiment under its name, with the stages that it reads.</summary>
/// <param name="Name">Name in the file, unique.</param>
/// <param name="Spec">What is computed.</param>
/// <param name="Inputs">Role (see <see cref="StageSpec.Needs"/>) to name of the stage that fills it. An optional role
/// that nothing fills is absent.</param>
public sealed record StageNode(string Name, StageSpec Spec, IReadOnlyDictionary<string, string> Inputs);

/// <summary>The checkpoint (a folder as the model hub lays it out) and the arithmetic.</summary>
public sealed record ModelSpec
{
    /// <summary>
    /// Folder with config.json, safetensors and tokenizer files. The family is read from config.json.
    /// </summary>
    public required SpecPath Path { get; init; }

    /// <summary><c>auto</c> (CUDA where present), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    [Form("^(auto|cpu|cuda|cuda:[0-9]{1,3})$", "auto, cpu, cuda, cuda:N", Words = ["auto", "cpu", "cuda", "cuda:0"])]
    public string Device { get; init; } = "auto";

    /// <summary>
    /// Folder of an installed PyTorch 2.10 (site-packages/torch, or its lib) whose libtorch computes, for CUDA above
    /// all. Left out: what the environment variable LIBTORCH names, else the libtorch that came with the program.
    /// </summary>
    public SpecPath? Libtorch { get; init; }

    /// <summary>Type of sums and activations. <c>auto</c>: float32 on a CPU, the stored type on CUDA.</summary>
    public ComputeType Compute { get; init; } = ComputeType.Auto;

    /// <summary>
    /// The text around the question: <c>auto</c> (the folder's chat template, rendered; where it has none, the family's
    /// published prompt), a published prompt by name, or a <c>.jinja</c> file.
    /// </summary>
    [Form(
        @"^(auto|llava|vicuna|mistral|llama3|yi|chatml|qwen2-vl|internvl2_5|hermes-2|llava-onevision|gemma3"
            + @"|smolvlm2|idefics3|[\s\S]*\.jinja)$",
        "auto, llava, vicuna, mistral, llama3, yi, chatml, qwen2-vl, internvl2_5, hermes-2, llava-onevision, gemma3, "
            + "smolvlm2, idefics3, or a file that ends in .jinja",
        Words = [
            "auto",
            "llava",
            "vicuna",
            "mistral",
            "llama3",
            "yi",
            "chatml",
            "qwen2-vl",
            "internvl2_5",
            "hermes-2",
            "llava-onevision",
            "gemma3",
            "smolvlm2",
            "idefics3",
        ]
    )]
    public SpecPath Template { get; init; } = new("auto", "auto");

    /// <summary>How a picture becomes image tokens where the family leaves a choice.</summary>
    public ImageSpec Image { get; init; } = new();
}

/// <summary>Type of sums and activations.</summary>
public enum ComputeType
{
    /// <summary>float32 on a CPU, the stored type on CUDA.</summary>
    Auto,

    /// <summary>float32 everywhere.</summary>
    Float32,

    /// <summary>bfloat16 everywhere; twice as fast on CPUs that have it, at bfloat16's rounding.</summary>
    Bfloat16,
}

/// <summary>
/// How a picture becomes a fixed number of image tokens. Which fields there are depends on the family of the model; a
/// field that it does not have is an error.
/// </summary>
public sealed record ImageSpec
{
    /// <summary>
    /// LLaVA-1.5: <c>crop</c> (short side to size, centre crop) or <c>pad</c> (the authors' code: pad to a square with
    /// the mean colour). Left out: as the folder's processor does, which pads where its <c>do_pad</c> is true.
    /// </summary>
    public ImageFit? Fit { get; init; }

    /// <summary>
    /// LLaVA-NeXT, LLaVA-OneVision, Qwen's families, InternVL, SmolVLM2: pixels a side that every picture is brought to
    /// before the model's own preprocessing (the paper names none). Left out: 336 (1176 tokens), 384 (1485), 448 (256,
    /// Qwen3-VL 196), own size, own size; 0: each picture's own size.
    /// </summary>
    [Between(0, 4096)]
    public int? Size { get; init; }

    /// <summary>
    /// InternVL: tiles at most, without the thumbnail; SmolVLM2: tiles at most, the whole picture's included. Left out:
    /// 1, which gives every picture the same 256 tokens (SmolVLM2 64 or 81, Idefics3 169).
    /// </summary>
    [Between(1, 64)]
    public int? Tiles { get; init; }

    /// <summary>
    /// Families that have <c>size</c>: <c>resize</c> brings every picture to it; <c>reject</c> resizes none and leaves
    /// out, with the reason, those that become another number of image tokens than one of <c>size</c>.
    /// </summary>
    public OtherSizes OtherSizes { get; init; } = OtherSizes.Resize;
}

/// <summary>What happens to a picture of another size than the one set.</summary>
public enum OtherSizes
{
    /// <summary>It is resized (bicubic, proportions not kept).</summary>
    Resize,

    /// <summary>It keeps its size, and is rejected where it becomes another number of image tokens.</summary>
    Reject,
}

/// <summary>How forward passes are executed.</summary>
public sealed record EngineSpec
{
    /// <summary>
    /// Linear layers: <c>packed</c> (own kernel, 16-bit weights, float32 sums), <c>torch</c>, or <c>auto</c>: packed on
    /// a CPU, torch on CUDA.
    /// </summary>
    public LinearKind Linear { get; init; } = LinearKind.Auto;

    /// <summary>
    /// Masks computed together; 0: chosen from the shape of the model alone, so that it is the same on every machine.
    /// </summary>
    [Between(0, 4096)]
    public int Batch { get; init; }

    /// <summary>
    /// What is done where a sample would meet two classes of arithmetic (device, instruction set, libraries), whose
    /// last digits differ: <c>refuse</c> (the default: it is left to workers of the class that began it while there
    /// are any, else the run is refused), <c>warn</c>, or <c>allow</c>. Changes no key.
    /// </summary>
    [HowRun]
    public MixingKind? Mixing { get; init; }
}

/// <summary>What is done where a sample would meet two classes of arithmetic.</summary>
public enum MixingKind
{
    /// <summary>It is left to the class that began it.</summary>
    Refuse,

    /// <summary>It is computed, and said.</summary>
    Warn,

    /// <summary>It is computed.</summary>
    Allow,
}

/// <summary>Which implementation computes y = x W^T + b.</summary>
public enum LinearKind
{
    /// <summary>Packed on a CPU, torch on CUDA.</summary>
    Auto,

    /// <summary>libtorch.</summary>
    Torch,

    /// <summary>The packed CPU kernel.</summary>
    Packed,
}
