using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipelines.Models.Making;

/// <summary>The small files of the published models, embedded from the families' <c>Configs</c>.</summary>
internal static class HubFiles
{
    private const string Root = "Models/";
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Names of a model's files.</summary>
    public static IEnumerable<string> Of(PublishedModel model) =>
        Resources(model).Select(r => r.File).Order(StringComparer.Ordinal);

    /// <summary>Bytes of a file as embedded.</summary>
    public static byte[] Read(PublishedModel model, string file)
    {
        string resource =
            Resources(model).FirstOrDefault(r => r.File == file).Resource
            ?? throw new ArgumentException($"no embedded file {file} of {model.Name}", nameof(file));
        using Stream stream = typeof(HubFiles).Assembly.GetManifestResourceStream(resource)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>A file as JSON.</summary>
    public static JsonObject ReadJson(PublishedModel model, string file) =>
        JsonNode.Parse(Read(model, file))!.AsObject();

    /// <summary>
    /// config.json with the numbers of <paramref name="model"/>; as embedded where they are the published ones.
    /// </summary>
    public static byte[] Config(PublishedModel model)
    {
        if (model == PublishedModel.Named(model.Name))
        {
            return Read(model, "config.json");
        }

        JsonObject config = ReadJson(model, "config.json");
        model.Recipe.SetNumbers(config, model);
        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString(Indented) + "\n");
    }

    /// <summary>Writes a model's numbers into the decoder's section of config.json.</summary>
    public static void SetDecoder(JsonObject decoder, PublishedModel model)
    {
        decoder["num_hidden_layers"] = model.Layers;
        decoder["num_attention_heads"] = model.Heads;
        decoder["num_key_value_heads"] = model.KvHeads;
        decoder["hidden_size"] = model.Hidden;
        decoder["intermediate_size"] = model.Intermediate;
    }

    /// <summary>Resources are named by path: <c>Models/Family/Configs/model/file</c>.</summary>
    private static IEnumerable<(string Resource, string File)> Resources(PublishedModel model)
    {
        string folder = $"/{model.Name}/";
        return typeof(HubFiles)
            .Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Root, StringComparison.Ordinal))
            .Select(n => (Resource: n, At: n.LastIndexOf(folder, StringComparison.Ordinal)))
            .Where(n => n.At >= 0)
            .Select(n => (n.Resource, n.Resource[(n.At + folder.Length)..]));
    }
}
