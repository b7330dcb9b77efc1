using System.Text.Json;
using Pipelines.Models.Text;
using Pipelines.Stages.Tests.Models;

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

    public string Family => Text("family");

    public string ModelFolder =>
        Path.Combine(Folder, Json.TryGetProperty("model", out var model) ? model.GetString()! : "model");

    public string Tensors => Path.Combine(Folder, "case.safetensors");

    /// <summary>The family's template; LLaVA-NeXT has two.</summary>
    public ChatTemplate Template =>
        Family switch
        {
            "llava" => Known.Template(Known.Llava),
            "llava_next" => Text("prompt").StartsWith("USER", StringComparison.Ordinal)
                ? Known.Template(Known.Llava)
                : Known.Template("vicuna", Known.LlavaNext),
            "internvl" => Known.Template(Known.InternVl),
            "qwen2vl" => Known.Template(Known.Qwen2Vl),
            _ => throw new InvalidOperationException($"{Name}: unknown family {Family}"),
        };

    public static GoldenCase Of(string folder) => new(folder);

    public static IEnumerable<GoldenCase> All() => Golden.Cases().Select(c => new GoldenCase(c));

    public string Text(string name) => Json.GetProperty(name).GetString()!;

    public int Number(string name) => Json.GetProperty(name).GetInt32();

    public int[] Ints(string name) => [.. Json.GetProperty(name).EnumerateArray().Select(i => i.GetInt32())];

    public IEnumerable<JsonElement> Items(string name) =>
        Json.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];
}
