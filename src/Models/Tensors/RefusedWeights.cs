using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Text;

namespace Pipelines.Models.Tensors;

/// <summary>
/// Weights that are not read: quantised copies, adapters beside a model, two copies of a tensor, other formats. Each is
/// an error that says what it is.
/// </summary>
internal static class RefusedWeights
{
    /// <summary>
    /// Tensors of AWQ and GPTQ (qweight, qzeros, g_idx), of bitsandbytes (SCB, quant_state, absmax), of fp8 and
    /// compressed-tensors (scales, packed weights) and of mlx (scales, biases).
    /// </summary>
    private static readonly string[] QuantisedEndings =
    [
        ".qweight",
        ".qzeros",
        ".g_idx",
        ".SCB",
        ".absmax",
        ".quant_map",
        ".quant_state.bitsandbytes__nf4",
        ".quant_state.bitsandbytes__fp4",
        ".weight_scale",
        ".weight_scale_inv",
        ".weight_packed",
        ".weight_zero_point",
        ".input_scale",
        ".scales",
    ];

    /// <summary>
    /// Files that an adapter's or a projector's training leaves, which change a model when they are read with it.
    /// </summary>
    private static readonly string[] AdapterFiles =
    [
        "adapter*.json",
        "adapter*.safetensors",
        "adapter*.bin",
        "non_lora_trainables.bin",
        "mm_projector.bin",
    ];

    /// <summary>Files that quantising programs put beside the weights.</summary>
    private static readonly string[] QuantisedFiles =
    [
        "quantize_config.json",
        "quant_config.json",
        "hf_quant_config.json",
    ];

    /// <summary>Which copy counts depends on the reader: the index's, or that of the shard read last.</summary>
    public static void HeldTwice(IEnumerable<SafeTensorsFile> files)
    {
        var holders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (SafeTensorsFile file in files)
        {
            foreach (string name in file.Tensors.Keys)
            {
                if (!holders.TryAdd(name, file.Path))
                {
                    throw new InputException(
                        file.Path,
                        $"holds the tensor '{name}', which {Path.GetFileName(holders[name])} holds, too.",
                        "Keep the files of one checkpoint."
                    );
                }
            }
        }
    }

    /// <summary>Files beside the weights that change what is read, or say that it is quantised.</summary>
    public static void LooseFiles(string folder)
    {
        string? Found(string[] patterns) =>
            patterns
                .SelectMany(p => Directory.EnumerateFiles(folder, p))
                .Order(StringComparer.Ordinal)
                .FirstOrDefault();
        if (Found(AdapterFiles) is { } adapter)
        {
            throw new InputException(
                adapter,
                "is a trained part beside the weights; whether the weights hold it already cannot be told.",
                "Merge it into the weights (`merge_and_unload`, then `save_pretrained`), or, if the weights alone "
                    + "are meant, move the file away."
            );
        }

        if (Found(QuantisedFiles) is { } quantised)
        {
            throw new InputException(
                quantised,
                "says that the checkpoint is quantised, which changes what is measured and is not supported.",
                "Use the model as published in float16 or bfloat16."
            );
        }
    }

    /// <summary>config.json says in some part that the checkpoint is quantised.</summary>
    /// <param name="config">The file; none is no error.</param>
    public static void QuantisedBy(string config)
    {
        if (!File.Exists(config))
        {
            return;
        }

        try
        {
            using JsonDocument json = JsonDocument.Parse(Utf8Text.WithoutMark(RegularFile.ReadAllBytes(config)));
            foreach (string part in new[] { "", "text_config", "llm_config", "vision_config" })
            {
                JsonElement? element = part.Length == 0 ? json.RootElement : Property(json.RootElement, part);
                if (Property(element, "quantization_config") is { ValueKind: JsonValueKind.Object } quantization)
                {
                    string method = Property(quantization, "quant_method") is { ValueKind: JsonValueKind.String } name
                        ? name.GetString()!
                        : "an unnamed method";
                    throw new InputException(
                        config,
                        $"the checkpoint is quantised ({method}), which changes what is measured and is not supported.",
                        "Use the model as published in float16 or bfloat16."
                    );
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException(
                config,
                $"the file is not valid JSON ({e.Message.TrimEnd('.')}).",
                "Download the file again.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(config, $"the file cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }

    /// <summary>Older quantised copies say so by their tensors only.</summary>
    public static void Quantised(IEnumerable<SafeTensorsFile> files)
    {
        foreach (SafeTensorsFile file in files)
        {
            if (
                file.Tensors.Keys.FirstOrDefault(name =>
                    QuantisedEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
                ) is
                { } packed
            )
            {
                throw new InputException(
                    file.Path,
                    $"the checkpoint is quantised: it holds '{packed}', which changes what is measured and is "
                        + $"not supported.",
                    "Use the model as published in float16 or bfloat16."
                );
            }
        }
    }

    private static JsonElement? Property(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out JsonElement value)
            ? value
            : null;

    /// <summary>A folder without weights, or with weights of another format.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="wanted">Names of the files one of which should be there.</param>
    public static InputException None(string folder, IReadOnlyList<string> wanted)
    {
        bool Any(params string[] patterns) => patterns.Any(p => Directory.EnumerateFiles(folder, p).Any());
        if (Any("*.bin", "*.pth", "*.pt"))
        {
            return new InputException(
                folder,
                "the weights are PyTorch pickle files (.bin), which can run code when read and are not supported.",
                "Download the model's *.safetensors files, or convert it with "
                    + "`save_pretrained(safe_serialization=True)`."
            );
        }

        return Any("*.gguf")
            ? new InputException(
                folder,
                "the weights are in GGUF format, which is not supported.",
                "Download the model's *.safetensors files."
            )
            : new InputException(
                folder,
                $"there are no weights: neither {string.Join(" nor ", wanted)}.",
                "Download the model's *.safetensors files into the folder."
            );
    }
}
