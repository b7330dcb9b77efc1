namespace Pipelines.Stages.Reporting;

/// <summary>
/// A model's numbers in the paper (Kim et al. 2025, "Interpreting Attention Heads for Image-to-Text Information Flow in
/// Large Vision-Language Models"), mean and standard deviation over samples.
/// </summary>
/// <param name="Model">Name in the paper.</param>
/// <param name="R2">Table 2.</param>
/// <param name="R2Deviation">Table 2.</param>
/// <param name="Rho">Table 2.</param>
/// <param name="RhoDeviation">Table 2.</param>
/// <param name="LogitKept">Table 3: logit kept with the important text tokens only.</param>
internal sealed record Published(
    string Model,
    double R2,
    double R2Deviation,
    double Rho,
    double RhoDeviation,
    double LogitKept
)
{
    private const string Converted = "-hf"; // to the names of tensors that transformers has

    private static readonly (string HubName, Published Numbers)[] Models =
    [
        ("llava-1.5-7b", new("LLaVA-1.5-7B", 0.82, 0.05, 0.91, 0.03, 0.98)),
        ("llava-1.5-13b", new("LLaVA-1.5-13B", 0.79, 0.06, 0.89, 0.03, 0.92)),
        ("llava-v1.6-vicuna-7b", new("LLaVA-NeXT-7B", 0.83, 0.05, 0.91, 0.03, 0.95)),
        ("llava-v1.6-vicuna-13b", new("LLaVA-NeXT-13B", 0.82, 0.04, 0.91, 0.02, 0.89)),
        ("internvl2_5-1b", new("InternVL2.5-1B", 0.92, 0.03, 0.96, 0.02, 0.94)),
        ("internvl2_5-2b", new("InternVL2.5-2B", 0.79, 0.05, 0.89, 0.03, 0.93)),
        ("internvl2_5-4b", new("InternVL2.5-4B", 0.79, 0.06, 0.89, 0.03, 0.93)),
        ("internvl2_5-8b", new("InternVL2.5-8B", 0.77, 0.06, 0.88, 0.03, 0.82)),
        ("qwen2-vl-2b-instruct", new("Qwen2-VL-2B", 0.90, 0.04, 0.95, 0.02, 0.99)),
        ("qwen2-vl-7b-instruct", new("Qwen2-VL-7B", 0.82, 0.05, 0.91, 0.03, 0.82)),
    ];

    /// <summary>
    /// Table 1, LLaVA-1.5-7B: cosine of beta between the default prompt and p1 … p9, mean and standard deviation over
    /// 40 samples.
    /// </summary>
    public static IReadOnlyList<(double Mean, double Deviation)> PromptSimilarity { get; } =
    [
        (0.97, 0.02),
        (0.96, 0.03),
        (0.97, 0.02),
        (0.96, 0.02),
        (0.91, 0.03),
        (0.94, 0.02),
        (0.94, 0.03),
        (0.93, 0.04),
        (0.94, 0.03),
    ];

    /// <summary>§4.1: share of the cases in which no head alone takes away more than 5 %, LLaVA-1.5-7B.</summary>
    public const double NoSingleHead = 0.8;

    /// <summary>Fig. 4C: correlation of beta and weighted attention over image tokens, LLaVA-1.5-7B.</summary>
    public const double AttentionOfTokens = 0.70;

    /// <summary>The model of the paper's main text: what it states of one model alone is of this.</summary>
    public const string MainModel = "LLaVA-1.5-7B";

    /// <summary>It is <see cref="MainModel"/>.</summary>
    public bool IsMain => Model == MainModel;

    /// <summary>All ten, in the paper's order.</summary>
    public static IEnumerable<Published> All => Models.Select(m => m.Numbers);

    /// <summary>
    /// The numbers of a checkpoint, known by its name on the hub; null for any other model, such as one that was
    /// trained on from there.
    /// </summary>
    public static Published? Of(ModelCard model)
    {
        string name = model.Name.Split('/')[^1];
        return Models
            .FirstOrDefault(m =>
                new[] { m.HubName, m.HubName + Converted }.Contains(name, StringComparer.OrdinalIgnoreCase)
            )
            .Numbers;
    }
}
