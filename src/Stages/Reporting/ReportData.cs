using Pipelines.Domain;
using Pipelines.Models.Vision;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// What a report is made of: the rows of the run's tables (<see cref="Tables"/>), and beside them what no table holds.
/// Means, intervals and sentences are computed from it (<see cref="Findings"/>). Parts that a run does not have are
/// left out.
/// </summary>
internal sealed record ReportData
{
    /// <summary>Name of the experiment: the page's title.</summary>
    public required string Name { get; init; }

    /// <summary>The exact command that gives this report again.</summary>
    public required string Command { get; init; }

    /// <summary>SHA-256 of the resolved experiment, as the run's folder holds it; empty = not known.</summary>
    public string SpecDigest { get; init; } = "";

    /// <summary>The checkpoint.</summary>
    public required ModelCard Model { get; init; }

    /// <summary>The question's text; where pictures have questions of their own the text around these.</summary>
    public required string Question { get; init; }

    /// <summary>Each picture is asked its own question, which the samples hold.</summary>
    public bool HasOwnQuestions { get; init; }

    /// <summary>Whether it is the paper's default prompt.</summary>
    public bool IsDefaultQuestion { get; init; } = true;

    /// <summary>Whether it is one of the paper's ten prompts.</summary>
    public bool IsPapersQuestion { get; init; } = true;

    /// <summary>Not all samples are asked the same.</summary>
    public bool QuestionsDiffer =>
        HasOwnQuestions && Samples.DistinctBy(s => s.Question, StringComparer.Ordinal).Count() > 1;

    /// <summary>What f is, in words.</summary>
    public string Measures { get; init; } = AdjustedLogit;

    /// <summary>The same as sentences name it.</summary>
    public string Measured { get; init; } = AnswersLogit;

    /// <summary>f is that of the paper.</summary>
    public bool MeasuresAdjustedLogit => Measures == AdjustedLogit;

    /// <summary>
    /// All are asked for the main object in the paper's words, and f is the adjusted logit: the paper's numbers are of
    /// such experiments.
    /// </summary>
    public bool IsAsThePaper => MeasuresAdjustedLogit && IsPapersQuestion && !HasOwnQuestions;

    /// <summary>What f is in the paper, as sentences name it.</summary>
    public const string AnswersLogit = "the answer's logit";

    /// <summary>What f is in the paper.</summary>
    public const string AdjustedLogit =
        "adjusted logit: the answer's first token against the mean logit of the vocabulary";

    /// <summary>Every resolved setting, in the order of the spec.</summary>
    public IReadOnlyList<SettingRow> Settings { get; init; } = [];

    /// <summary>
    /// Facts about the run that are no settings: pictures looked at, masks per second, wall time, library versions.
    /// </summary>
    public IReadOnlyList<Fact> Facts { get; init; } = [];

    /// <summary>Samples that were kept, in seed order.</summary>
    public IReadOnlyList<ReportSample> Samples { get; init; } = [];

    /// <summary>Something says what the pictures show; else no answer was judged.</summary>
    public bool HasLabels => Samples.Any(s => s.Category.Length > 0);

    /// <summary>Samples that were not, with the reason.</summary>
    public IReadOnlyList<SampleRow> Rejected =>
        [.. Tables.Rows<SampleRow>().Where(r => r.Status == SampleRow.Rejected)];

    /// <summary>Masks per sample, M; the most where samples have different numbers; 0 without forward passes.</summary>
    public int Masks { get; init; }

    /// <summary>Share of heads that a mask ablates, p.</summary>
    public double Ablate { get; init; } = 0.75;

    /// <summary>Heads needed: the smallest k with faithfulness above this.</summary>
    public double FaithfulnessThreshold { get; init; } = PaperThresholds.Faithfulness;

    /// <summary>Heads needed: the smallest k with completeness below this.</summary>
    public double CompletenessThreshold { get; init; } = PaperThresholds.Completeness;

    /// <summary>The rows that the stages wrote.</summary>
    public ReportTables Tables { get; init; } = ReportTables.Empty;

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
internal sealed record ModelCard(
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
)
{
    /// <summary>What a layer's heads write passes a norm together.</summary>
    public bool NormsHeadsTogether { get; init; }

    /// <summary>What is particular to its heads, in sentences.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>A head n = layer * H + head in words.</summary>
    public string NameOf(int n) => $"layer {Format.Count(n / Heads)} head {Format.Count(n % Heads)}";

    /// <summary>Where a layer lies: 0 = the first, 1 = the last.</summary>
    public double Depth(int layer) => Layers > 1 ? (double)layer / (Layers - 1) : 0;
}

/// <summary>A resolved setting.</summary>
/// <param name="Path">Place in the spec, e.g. <c>stages.masks.count</c>.</param>
/// <param name="Value">Value as YAML writes it.</param>
/// <param name="IsDefault">Its value is the default: folded away.</param>
/// <param name="Note">Meaning, unit and source; null = nothing to say.</param>
internal sealed record SettingRow(string Path, string Value, bool IsDefault, string? Note = null);

/// <summary>A labelled fact.</summary>
/// <param name="Label">What it is.</param>
/// <param name="Value">Its value with unit.</param>
internal sealed record Fact(string Label, string Value);

/// <summary>A link.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Address">Relative to the page, with '/'.</param>
/// <param name="Note">What the file holds.</param>
internal sealed record Link(string Text, string Address, string? Note = null);

/// <summary>A sample that was kept: its words and pictures.</summary>
internal record ReportSample
{
    /// <summary>Id, as in the tables.</summary>
    public required string SampleId { get; init; }

    /// <summary>File name of the picture.</summary>
    public required string File { get; init; }

    /// <summary>Category of the main object; empty where there are no labels.</summary>
    public string Category { get; init; } = "";

    /// <summary>The category's group; empty = not known.</summary>
    public string SuperCategory { get; init; } = "";

    /// <summary>Style of the picture, DomainNet's domain; empty = the data have none.</summary>
    public string Style { get; init; } = "";

    /// <summary>The model's answer.</summary>
    public required string Answer { get; init; }

    /// <summary>What the answer says before the target token, on one line; empty where it begins with it.</summary>
    public string Given { get; init; } = "";

    /// <summary>The target token as text: the answer's first that carries a letter or digit.</summary>
    public string Target { get; init; } = "";

    /// <summary>What was asked about this picture; null where all are asked the same.</summary>
    public string? Question { get; init; }

    /// <summary>The counter-answer's token as text; null where none is measured against.</summary>
    public string? Against { get; init; }

    /// <summary>What of the whole probability answer and counter-answer hold, in words; null = not known.</summary>
    public string? Mass { get; init; }

    /// <summary>Adjusted logit with all heads intact, f(1).</summary>
    public required double Intact { get; init; }

    /// <summary>Adjusted logit with all heads ablated, f(0).</summary>
    public required double Ablated { get; init; }

    /// <summary>Masks of this sample; 0 = as many as all.</summary>
    public int Masks { get; init; }

    /// <summary>The picture as a PNG or JPEG file; null where it is not shown.</summary>
    public byte[]? Picture { get; init; }

    /// <summary>The same small, for the explorer: what the model sees of it where that is known.</summary>
    public byte[]? Thumbnail { get; init; }

    /// <summary>What the model sees under the image tokens' grid, a PNG file; null where there is no grid.</summary>
    public byte[]? Seen { get; init; }

    /// <summary>
    /// The main object's box over <see cref="Seen"/>, in shares of its sides; null = the annotations have none.
    /// </summary>
    public PictureRegion? Object { get; init; }
}
