namespace Pipelines.Stages.Reporting;

/// <summary>
/// All that the report shows, as plain values. Means, intervals, heads needed and sentences are computed from these
/// rows (<see cref="Findings"/>), so a stage only copies its tables in. Parts that a run does not have are left empty
/// and their sections are left out.
/// </summary>
public sealed record ReportData
{
    /// <summary>Name of the experiment: the page's title.</summary>
    public required string Name { get; init; }

    /// <summary>The exact command that gives this report again.</summary>
    public required string Command { get; init; }

    /// <summary>The checkpoint.</summary>
    public required ModelCard Model { get; init; }

    /// <summary>The question's text.</summary>
    public required string Question { get; init; }

    /// <summary>Whether it is the paper's default prompt.</summary>
    public bool IsDefaultQuestion { get; init; } = true;

    /// <summary>Every resolved setting, in the order of the spec.</summary>
    public IReadOnlyList<SettingRow> Settings { get; init; } = [];

    /// <summary>
    /// Facts about the run that are no settings: pictures looked at, masks per second, wall time, library versions.
    /// </summary>
    public IReadOnlyList<Fact> Facts { get; init; } = [];

    /// <summary>Samples that were kept, in seed order.</summary>
    public IReadOnlyList<SampleResult> Samples { get; init; } = [];

    /// <summary>Something says what the pictures show; else no answer was judged.</summary>
    public bool HasLabels => Samples.Any(s => s.Category.Length > 0);

    /// <summary>Samples that were not, with the reason.</summary>
    public IReadOnlyList<RejectedSample> Rejected { get; init; } = [];

    /// <summary>Masks per sample, M; the most where samples have different numbers; 0 without forward passes.</summary>
    public int Masks { get; init; }

    /// <summary>Share of heads that a mask ablates, p.</summary>
    public double Ablate { get; init; } = 0.75;

    /// <summary>The table <c>validation</c>: one row a sample, criterion, seed and k.</summary>
    public IReadOnlyList<ValidationRow> Validation { get; init; } = [];

    /// <summary>Heads needed: the smallest k with faithfulness above this.</summary>
    public double FaithfulnessThreshold { get; init; } = 0.8;

    /// <summary>Heads needed: the smallest k with completeness below this.</summary>
    public double CompletenessThreshold { get; init; } = 0.2;

    /// <summary>Heads needed by threshold.</summary>
    public IReadOnlyList<ThresholdRow> Thresholds { get; init; } = [];

    /// <summary>Heads needed by share of heads that a mask ablates.</summary>
    public IReadOnlyList<RatioRow> Ratios { get; init; } = [];

    /// <summary>Samples laid out by their coefficients; null where they were not.</summary>
    public SampleLayout? Layout { get; init; }

    /// <summary>Clustered head vectors; null where there are none.</summary>
    public HeadVectors? HeadVectors { get; init; }

    /// <summary>Similarity of beta under other prompts.</summary>
    public IReadOnlyList<PromptResult> Prompts { get; init; } = [];

    /// <summary>beta by style of the picture; null where styles were not compared.</summary>
    public StyleData? Styles { get; init; }

    /// <summary>What token tracing found; null without it.</summary>
    public TokenTraceData? Tokens { get; init; }

    /// <summary>What the strongest heads say; null without a logit lens.</summary>
    public LensData? Lens { get; init; }

    /// <summary>The table <c>gradient_cost</c>; empty without that stage.</summary>
    public IReadOnlyList<CostResult> GradientCost { get; init; } = [];

    /// <summary>The table <c>non_additive</c>; empty without that stage.</summary>
    public IReadOnlyList<NonAdditiveResult> NonAdditive { get; init; } = [];

    /// <summary>The table <c>stability</c>; empty without that stage.</summary>
    public IReadOnlyList<StabilityResult> Stability { get; init; } = [];

    /// <summary>Stages with fits, and whether these met their stopping rule.</summary>
    public IReadOnlyList<Convergence> Convergence { get; init; } = [];

    /// <summary>Tables and other files of the run; addresses relative to the page.</summary>
    public IReadOnlyList<Link> Links { get; init; } = [];
}

/// <summary>The checkpoint as the report names it.</summary>
/// <param name="Name">Name of its folder, e.g. <c>llava-1.5-7b-hf</c>.</param>
/// <param name="Path">Path as written in the spec; with the name it finds the paper's published numbers.</param>
/// <param name="Family">Family read from config.json, e.g. <c>LLaVA-1.5</c>.</param>
/// <param name="Layers">Decoder layers, L.</param>
/// <param name="Heads">Query heads a layer, H.</param>
/// <param name="KvHeads">Key/value heads a layer.</param>
/// <param name="HeadDim">Features of a head, d.</param>
/// <param name="ImageTokens">Image tokens of a picture, P_img; 0 = not known.</param>
/// <param name="SuffixTokens">Text tokens after the picture, P_txt; 0 = not known.</param>
/// <param name="Arithmetic">Device, type of sums and kernel as resolved, in words.</param>
public sealed record ModelCard(
    string Name,
    string Path,
    string Family,
    int Layers,
    int Heads,
    int KvHeads,
    int HeadDim,
    int ImageTokens,
    int SuffixTokens,
    string Arithmetic
);

/// <summary>A resolved setting.</summary>
/// <param name="Path">Place in the spec, e.g. <c>stages.masks.count</c>.</param>
/// <param name="Value">Value as YAML writes it.</param>
/// <param name="IsDefault">Its value is the default: folded away.</param>
/// <param name="Note">Meaning, unit and source; null = nothing to say.</param>
public sealed record SettingRow(string Path, string Value, bool IsDefault, string? Note = null);

/// <summary>A labelled fact.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">Its value with unit.</param>
public sealed record Fact(string Label, string Value);

/// <summary>A link.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Address">Relative to the page, with '/'.</param>
/// <param name="Note">What the file holds.</param>
public sealed record Link(string Text, string Address, string? Note = null);

/// <summary>A sample that was kept.</summary>
public sealed record SampleResult
{
    /// <summary>Id, as in the tables.</summary>
    public required string SampleId { get; init; }

    /// <summary>File name of the picture.</summary>
    public required string File { get; init; }

    /// <summary>Category of the main object; empty where there are no labels.</summary>
    public string Category { get; init; } = "";

    /// <summary>The model's answer.</summary>
    public required string Answer { get; init; }

    /// <summary>What the answer says before the target token, on one line; empty where it begins with it.</summary>
    public string Given { get; init; } = "";

    /// <summary>The target token as text: the answer's first that carries a letter or digit.</summary>
    public string Target { get; init; } = "";

    /// <summary>Adjusted logit with all heads intact, f(1).</summary>
    public required double Intact { get; init; }

    /// <summary>Adjusted logit with all heads ablated, f(0).</summary>
    public required double Ablated { get; init; }

    /// <summary>Masks of this sample; 0 = as many as all.</summary>
    public int Masks { get; init; }

    /// <summary>The picture as a PNG or JPEG file; null where it is not shown.</summary>
    public byte[]? Picture { get; init; }

    /// <summary>Attribution coefficients [L * H], head n = layer * H + head; empty without a regression.</summary>
    public IReadOnlyList<double> Beta { get; init; } = [];

    /// <summary>
    /// Image attention weights of the intact run [L * H]: (1 / P_txt) sum of a_ij over text tokens i and image tokens
    /// j; empty where they were not taken.
    /// </summary>
    public IReadOnlyList<double> ImageAttention { get; init; } = [];

    /// <summary>Single-head ablation [L * H]: delta_n = 1 - phi(all heads but n); empty where it was not run.</summary>
    public IReadOnlyList<double> SingleHead { get; init; } = [];

    /// <summary>Explained variance on the test masks; NaN without a regression.</summary>
    public double R2 { get; init; } = double.NaN;

    /// <summary>
    /// Pearson correlation between true and predicted phi on the test masks; NaN without a regression.
    /// </summary>
    public double Rho { get; init; } = double.NaN;

    /// <summary>True phi of the test masks.</summary>
    public IReadOnlyList<double> TestPhi { get; init; } = [];

    /// <summary>Predicted phi of the test masks, same order.</summary>
    public IReadOnlyList<double> TestPredicted { get; init; } = [];
}

/// <summary>A sample that was not kept.</summary>
/// <param name="SampleId">Id, as in the tables.</param>
/// <param name="File">File name of the picture.</param>
/// <param name="Answer">The model's answer; empty where it was not asked.</param>
/// <param name="Reason">Why it was left out.</param>
public sealed record RejectedSample(string SampleId, string File, string Answer, string Reason);

/// <summary>One point of a validation curve.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Criterion">Criterion as the spec names it, e.g. <c>head-attribution</c>.</param>
/// <param name="Seed">Seed of a random order; 0 for the others.</param>
/// <param name="K">Heads taken from the top of the ranking.</param>
/// <param name="Faithfulness">phi(x_k): only these intact.</param>
/// <param name="Completeness">phi(1 - x_k): only these ablated.</param>
public readonly record struct ValidationRow(
    string SampleId,
    string Criterion,
    int Seed,
    int K,
    double Faithfulness,
    double Completeness
);

/// <summary>What a way to beta gives at a cost, in one sample.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Way"><c>elastic-net</c>, <c>gradient</c>, <c>gradient, plain mean</c> or <c>gradient +
/// elastic-net</c>.</param>
/// <param name="Observations">Masks fitted, or gradients averaged.</param>
/// <param name="Passes">Cost in passes; a gradient is two.</param>
/// <param name="R2">On held-out masks; NaN = undefined.</param>
/// <param name="Correlation">Of beta with that of the elastic net on all train masks; NaN = undefined.</param>
public readonly record struct CostResult(
    string SampleId,
    string Way,
    int Observations,
    int Passes,
    double R2,
    double Correlation
);

/// <summary>What trees on the elastic net's residual gain in one sample.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Linear">R^2 of the elastic net on the test masks; NaN = undefined.</param>
/// <param name="WithTrees">R^2 of both.</param>
/// <param name="Trees">Trees that cross-validation let in.</param>
public readonly record struct NonAdditiveResult(string SampleId, double Linear, double WithTrees, int Trees);

/// <summary>What the first masks of one sample give; NaN = undefined.</summary>
/// <param name="SampleId">Sample.</param>
/// <param name="Share">Share of its masks.</param>
/// <param name="Masks">So many, the first ones.</param>
/// <param name="R2">Of beta fitted to these, on held-out masks that are the same for all shares.</param>
/// <param name="CosineAll">Cosine of beta with that of all masks.</param>
/// <param name="CosineHalf">Cosine of beta with that of the first half of these masks.</param>
/// <param name="HalfSplit">Pearson correlation of beta between two disjoint halves of these masks.</param>
/// <param name="SpearmanBrown">What it says of beta of both halves together.</param>
public readonly record struct StabilityResult(
    string SampleId,
    double Share,
    int Masks,
    double R2,
    double CosineAll,
    double CosineHalf,
    double HalfSplit,
    double SpearmanBrown
);
