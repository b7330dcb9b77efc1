using System.CommandLine;
using Pipelines.Domain;
using Pipelines.Models.Ablation;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Models.Tensors;
using TorchSharp;

namespace Pipelines.Benchmarks;

/// <summary>Which shape is measured.</summary>
/// <param name="Model">A model of <c>make-model</c>'s list.</param>
/// <param name="Layers">Decoder layers that are made, at least 2.</param>
/// <param name="Image">P, image tokens.</param>
/// <param name="Text">T, text tokens behind them.</param>
internal sealed record SampleShape(PublishedModel Model, int Layers, int Image, int Text)
{
    /// <summary>Rows of the unembedding: few, so that what is measured is the layers.</summary>
    private const int Rows = 64;

    /// <summary>The prompt.</summary>
    public PromptTokens Prompt => RandomDecoder.Prompt(Image, Text, []);

    /// <summary>What is counted in operations, of some layers.</summary>
    public PassShape Pass(int layers) =>
        new(
            RandomDecoder.ShapeOf(Model, layers, Rows),
            new VisionShape(0, 0, 0, 0, 0),
            Arithmetic.Float32,
            Prompt.PrefixLength,
            Image,
            Text
        );

    /// <summary>Operations that each further layer adds.</summary>
    /// <param name="operations">Of a pass.</param>
    public double OfLayer(Func<PassShape, double> operations) =>
        (operations(Pass(Layers)) - operations(Pass(1))) / (Layers - 1);

    /// <summary>What each further layer took.</summary>
    /// <param name="deep">All layers.</param>
    /// <param name="shallow">One.</param>
    public Timing OfLayer(Timing deep, Timing shallow) => deep.Less(shallow).Over(Layers - 1);

    /// <summary>A sample of made-up numbers.</summary>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="linear">auto | torch | packed.</param>
    public MadeUpSample Sample(int layers, string linear = "auto") =>
        MadeUpSample.Of(RandomDecoder.Of(Model, layers, Rows, linear), Prompt);

    /// <inheritdoc/>
    public override string ToString() => $"{Model.Name}'s shape, {Layers} layers, P {Image}, T {Text}";
}

/// <summary>The options that say which.</summary>
internal sealed class SampleOptions
{
    private readonly Option<string> model = new("--model")
    {
        Description = "A model of make-model's list; its shape is used, with random weights.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "llava-1.5-7b-hf",
    };

    private readonly Option<int> layers = Verb.Number("--layers", "Decoder layers made; at least 2.", 2),
        image = Verb.Number("--image-tokens", "Image tokens.", 576),
        text = Verb.Number("--text-tokens", "Text tokens behind the image.", 23);

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [model, layers, image, text];

    /// <summary>What was given.</summary>
    public SampleShape Read(ParseResult parsed) =>
        new(
            PublishedModel.Named(parsed.GetValue(model)!),
            Math.Max(2, parsed.GetValue(layers)),
            parsed.GetValue(image),
            parsed.GetValue(text)
        );
}

/// <summary>A picture and question of made-up numbers; everything lives in the caller's scope or as long as the
/// process.</summary>
/// <param name="Decoder">The decoder.</param>
/// <param name="Cache">Prefix and image.</param>
/// <param name="Blocks">A baseline of nothing.</param>
/// <param name="Target">An adjusted logit.</param>
internal sealed record MadeUpSample(Decoder Decoder, PrefixCache Cache, BaselineBlocks Blocks, OutputMeasure Target)
{
    /// <summary>The sample of a decoder.</summary>
    public static MadeUpSample Of(Decoder decoder, PromptTokens prompt)
    {
        PrefixCache cache = RandomDecoder.Cache(decoder, prompt);
        return new MadeUpSample(
            decoder,
            cache,
            BaselineBlocks.Of(new Baseline.Zero(), cache),
            decoder.Unembedding.Measure(new Measured.Logit(3, LogitMean.Rows))
        );
    }

    /// <summary>Drawn masks of its heads.</summary>
    public byte[][] Masks(int count) =>
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => HeadMasks.Draw(1, "benchmark", i, Decoder.Shape.TotalHeads, 0.75, MaskDraw.Exact)),
        ];

    /// <summary>Masks as points of a gradient.</summary>
    public double[][] Points(IEnumerable<byte[]> masks) =>
        [.. masks.Select(mask => GatedForward.PointOf(mask, Decoder.Shape.TotalHeads))];

    /// <summary>Threads of our products and of libtorch's, for the calling thread.</summary>
    public static void Use(int threads)
    {
        TorchNative.Touch();
        torch.set_num_threads(threads);
        PackedLinear.Threads = threads;
    }
}
