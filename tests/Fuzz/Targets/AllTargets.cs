using Pipelines.Domain.Errors;
using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Storage;

namespace Pipelines.Fuzz.Targets;

/// <summary>Every reader. A new one is a class and a line here.</summary>
internal static class AllTargets
{
    private static readonly string[] Models =
    [
        "llava-1.5-7b-hf",
        "llava-v1.6-vicuna-7b-hf",
        "InternVL2_5-2B",
        "InternVL2_5-1B",
        "Qwen2-VL-2B-Instruct",
    ];

    /// <summary>The readers, those of files that come from elsewhere first.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        new SpecTarget(
            "spec",
            "input.yaml",
            "input.yaml",
            "quickstart.yaml",
            "ci-small.yaml",
            "quickstart-auto.yaml",
            "quickstart-ratio.yaml",
            "quickstart-prompts.yaml",
            "quickstart-styles.yaml",
            "quickstart-paper.yaml"
        ),
        new SpecTarget("spec-base", "quickstart.yaml", "quickstart-auto.yaml", "quickstart.yaml"),
        new SpecTarget("spec-listed", "quickstart-ratio.yaml", "quickstart-paper.yaml", "quickstart-ratio.yaml"),
        new ProfileTarget(),
        new SettingsTarget(),
        .. Models.Select(m => new ConfigTarget(m, "config.json")),
        .. Models.Select(m => new ConfigTarget(m, "preprocessor_config.json")),
        new ConfigTarget("llava-v1.6-vicuna-7b-hf", "processor_config.json"),
        new ModelTarget("config.json"),
        new ModelTarget("preprocessor_config.json"),
        new ModelTarget("generation_config.json"),
        new TokenizerTarget("tokenizer.json", "json", SmallTokenizer.Llama, new JsonMutator()),
        new TokenizerTarget("tokenizer_config.json", "json", SmallTokenizer.Llama, new JsonMutator()),
        new TokenizerTarget("added_tokens.json", "json", SmallTokenizer.Llama, new JsonMutator()),
        new TokenizerTarget("tokenizer.json", "json", SmallTokenizer.ByteLevelJson, new JsonMutator()),
        new TokenizerTarget("tokenizer.model", "sentencepiece", SmallTokenizer.SentencePiece, new ProtobufMutator()),
        new TokenizerTarget("tokenizer_config.json", "json", SmallTokenizer.SentencePiece, new JsonMutator()),
        new TokenizerTarget("vocab.json", "json", SmallTokenizer.ByteLevel, new JsonMutator()),
        new TokenizerTarget(
            "merges.txt",
            "lines",
            SmallTokenizer.ByteLevel,
            new LinesMutator([
                " ",
                "  ",
                "\0",
                "\r",
                "#version",
                "\u0120",
                "a b",
                "a  b",
                "\u0120 t",
                "\uFEFF",
                "\uFFFD",
            ])
        ),
        new SafeTensorsTarget(),
        new ShardIndexTarget(),
        new CocoTarget(),
        new LabelsTarget(),
        .. QuestionsTarget.All,
        new HeadsTarget(),
        new ReferenceTarget(),
        new DomainNetTarget(),
        new PictureTarget("png", new PngMutator()),
        new PictureTarget("jpeg", new JpegMutator()),
        new PictureTarget("webp", new BytesMutator(header: 40)),
        new PictureTarget("gif", new BytesMutator(header: 30)),
        new PictureTarget("bmp", new BytesMutator(header: 54)),
        new TableTarget<SampleRow>(Tables.Of<SampleRow>()),
        new TableTarget<BaselineRow>(Tables.Of<BaselineRow>()),
        new TableTarget<MaskRow>(Tables.Of<MaskRow>(), path => MaskPart.Read([path], SampleRows.Heads).ToList()),
        new TableTarget<ForwardRow>(Tables.Of<ForwardRow>(), path => ForwardPart.Read([path]).ToList()),
        new TableTarget<GradientRow>(Tables.Of<GradientRow>(), path =>
            GradientPart.Read([path], SampleRows.Heads).ToList()
        ),
        new TableTarget<AttributionRow>(Tables.Of<AttributionRow>()),
        new TableTarget<FitRow>(Tables.Of<FitRow>()),
        new TableTarget<PredictionRow>(Tables.Of<PredictionRow>()),
        new TableTarget<ValidationRow>(Tables.Of<ValidationRow>()),
        new TableTarget<TextTokenRow>(Tables.Of<TextTokenRow>()),
        new TableTarget<TokenTraceRow>(Tables.Of<TokenTraceRow>()),
        new TableTarget<ImageTokenRow>(Tables.Of<ImageTokenRow>()),
        new TableTarget<LensRow>(Tables.Of<LensRow>()),
        new BaselineTarget(),
        new ManifestTarget(),
        new JournalTarget(),
        new ListingTarget(),
        new ClaimTarget(),
        new HeartbeatTarget(),
        new DigestsTarget(),
        new UnitsTarget(),
        new ExpectedTarget("expected", "csv", "expected/fits.csv", new CsvMutator()),
        new ExpectedTarget("expected-found", "csv", "tables/samples.csv", new CsvMutator()),
        new ExpectedTarget("tolerances", "json", "expected/tolerances.json", new JsonMutator()),
        new RunTarget("experiment.yaml", "yaml", new YamlMutator()),
        .. new[] { "samples", "fits", "attribution", "validation", "rankings", "token_traces", "text_tokens" }.Select(
            t => new RunTarget($"tables/{t}.parquet", "parquet", new ParquetMutator())
        ),
        new WholeRunTarget(),
    ];

    /// <summary>The reader of a name.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public static Target One(string name) => All.FirstOrDefault(t => t.Name == name) ?? throw Unknown(name);

    /// <summary>The readers of some names or formats; all where none is named.</summary>
    /// <exception cref="InputException">A name that is neither.</exception>
    public static IReadOnlyList<Target> Named(IReadOnlyList<string> names)
    {
        if (names.FirstOrDefault(n => !All.Any(t => t.Name == n || t.Format == n)) is { } unknown)
        {
            throw Unknown(unknown);
        }

        return names.Count == 0 ? All : [.. All.Where(t => names.Contains(t.Name) || names.Contains(t.Format))];
    }

    private static InputException Unknown(string name) =>
        new("--target", $"there is no reader '{name}'.", $"There are {string.Join(", ", All.Select(t => t.Name))}.");
}
