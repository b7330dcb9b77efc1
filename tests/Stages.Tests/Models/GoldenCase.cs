using System.Text.Json;
using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// One golden case: a tiny checkpoint, pictures, and what the reference PyTorch code computes from them (FORMAT.md).
/// </summary>
internal sealed class GoldenCase : IDisposable
{
    private readonly JsonElement json;
    private readonly SafeTensorsFile tensors;

    public GoldenCase(string folder)
    {
        Folder = folder;
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        json = document.RootElement.Clone();
        tensors = SafeTensorsFile.Open(Path.Combine(folder, "case.safetensors"));
    }

    public string Folder { get; }

    public string ModelFolder =>
        Path.GetFullPath(
            Path.Combine(Folder, json.TryGetProperty("model", out var model) ? model.GetString()! : "model")
        );

    public string Prompt => Text("prompt");

    public string Question => Text("question");

    public int[] InputIds => Integers("input_ids");

    public int[] Generated => Integers("generated");

    /// <summary>The case's ids, and where its image tokens stand in them.</summary>
    public PromptTokens PromptTokens =>
        new(Prompt, InputIds, ImageStart, ImageLength)
        {
            ImageRuns = Field("image_runs") is null
                ? [new TokenRun(ImageStart, ImageLength)]
                : [.. Items("image_runs").Select(run => new TokenRun(run[0].GetInt32(), run[1].GetInt32()))],
        };

    public int ImageStart => json.GetProperty("image_start").GetInt32();

    public int ImageLength => json.GetProperty("image_length").GetInt32();

    public int Target => json.GetProperty("target").GetInt32();

    public double Intact => json.GetProperty("f_intact").GetDouble();

    public double Ablated => json.GetProperty("f_ablated").GetDouble();

    public string[] Images =>
        [.. json.GetProperty("images").EnumerateArray().Select(e => Path.Combine(Folder, e.GetString()!))];

    /// <summary>Fields that stand in for settings of the experiment: InternVL's largest number of tiles.</summary>
    public ImageChoice Image =>
        new() { MaxTiles = json.TryGetProperty("max_num", out var tiles) ? tiles.GetInt32() : null };

    public static ModelInfo Info(string folder)
    {
        using var golden = new GoldenCase(folder);
        return ModelInfo.Read(golden.ModelFolder);
    }

    public bool Has(string tensor) => tensors.Tensors.ContainsKey(tensor);

    /// <summary>Elements of a list, none where it is missing.</summary>
    public IReadOnlyList<JsonElement> Items(string name) =>
        json.TryGetProperty(name, out var list) ? [.. list.EnumerateArray()] : [];

    /// <summary>Numbers of a list, none where it is missing.</summary>
    public int[] Tokens(string name) => [.. Items(name).Select(e => e.GetInt32())];

    public JsonElement? Field(string name) => json.TryGetProperty(name, out var value) ? value : null;

    public float[] Floats(string tensor) => tensors.ReadFloat(tensor);

    public double[] Doubles(string tensor) => tensors.ReadDouble(tensor);

    /// <summary>Rows of 0/1 bytes as masks.</summary>
    public byte[][] Masks(string tensor)
    {
        byte[] values = tensors.ReadBytes(tensor);
        int width = (int)tensors.Shape(tensor)[1];
        return
        [
            .. values
                .Chunk(width)
                .Select(row => HeadMasks.Of(width, Enumerable.Range(0, width).Where(i => row[i] != 0))),
        ];
    }

    public Picture Picture(int index) => PictureDecoder.Decode(Images[index]);

    public void Dispose() => tensors.Dispose();

    private string Text(string name) => json.GetProperty(name).GetString()!;

    private int[] Integers(string name) => [.. json.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];
}
