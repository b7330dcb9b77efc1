using System.Text.Json;
using Pipelines.Models.Families;
using Pipelines.Models.Text;

namespace Pipelines.Stages.Tests.Text;

/// <summary>A golden case folder: what tests of tokenizers and pictures need of its case.json.</summary>
internal sealed class GoldenCase
{
    private GoldenCase(string folder)
    {
        Folder = folder;
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        Json = json.RootElement.Clone();
    }

    public string Folder { get; }

    public JsonElement Json { get; }

    public string Name => Path.GetFileName(Folder);

    public string ModelFolder =>
        Path.Combine(Folder, Json.TryGetProperty("model", out var model) ? model.GetString()! : "model");

    public string Tensors => Path.Combine(Folder, "case.safetensors");

    /// <summary>The folder's template; a LLaVA-NeXT case was asked with its authors' other one.</summary>
    public ChatTemplate Template => TemplateOf(ModelFolder);

    /// <summary>The template of the case in a folder that holds the same model.</summary>
    public ChatTemplate TemplateOf(string folder) =>
        ModelTemplate.Read(
            new ModelInfo(folder, FamilyOf(ModelFolder), null!, TorchSharp.torch.ScalarType.Float32),
            Text("prompt").StartsWith("A chat", StringComparison.Ordinal) ? "vicuna" : ModelTemplate.Auto
        );

    /// <summary>Ids of a text with the case's picture.</summary>
    public EncodedPrompt Encode(ChatTemplate template, HubTokenizer tokenizer, string prompt)
    {
        int Tiles(string side) =>
            Json.TryGetProperty("tile_grid", out var grid) ? grid.GetProperty(side).GetInt32() : 0;
        return template.EncodePrompt(tokenizer, prompt, Number("image_length"), Tiles("rows"), Tiles("columns"));
    }

    private static Family FamilyOf(string folder)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        return KnownFamilies.OfType(config.RootElement.GetProperty("model_type").GetString()!)!;
    }

    public static GoldenCase Of(string folder) => new(folder);

    public static IEnumerable<GoldenCase> All() => Golden.Cases().Select(c => new GoldenCase(c));

    public string Text(string name) => Json.GetProperty(name).GetString()!;

    public int Number(string name) => Json.GetProperty(name).GetInt32();

    public int[] Ints(string name) => [.. Json.GetProperty(name).EnumerateArray().Select(i => i.GetInt32())];

    public IEnumerable<JsonElement> Items(string name) =>
        Json.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];
}
