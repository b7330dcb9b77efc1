using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// A LLaVA-1.5 of a few thousand random weights in a hub folder of its own, deleted afterwards: for laws that need no
/// trained model, and for folders that are damaged on purpose.
/// </summary>
internal sealed class TinyLlava : IDisposable
{
    public const int ImageTokenId = 99;
    public const int Rows = 112; // 100 tokens and padding
    private readonly Random random;
    private readonly List<TensorToWrite> tensors = [];

    public TinyLlava(int layers = 3, int heads = 4, int kvHeads = 2, int headDim = 16, int seed = 1)
    {
        TorchNative.Touch();
        random = new Random(seed);
        Folder = Directory.CreateTempSubdirectory("tiny-llava-").FullName;
        int hidden = heads * headDim;
        WriteJson(
            "config.json",
            new
            {
                architectures = (string[])["LlavaForConditionalGeneration"],
                model_type = "llava",
                image_token_index = ImageTokenId,
                torch_dtype = "float32",
                text_config = new
                {
                    model_type = "llama",
                    hidden_size = hidden,
                    intermediate_size = 48,
                    num_hidden_layers = layers,
                    num_attention_heads = heads,
                    num_key_value_heads = kvHeads,
                    vocab_size = Rows,
                    rms_norm_eps = 1e-5,
                    head_dim = headDim,
                },
                vision_config = new
                {
                    model_type = "clip_vision_model",
                    hidden_size = 16,
                    intermediate_size = 24,
                    num_hidden_layers = 2,
                    num_attention_heads = 2,
                    image_size = 28,
                    patch_size = 7,
                },
            }
        );
        WriteJson(
            "preprocessor_config.json",
            new { crop_size = new { height = 28, width = 28 }, size = new { shortest_edge = 28 } }
        );
        WriteJson("generation_config.json", new { eos_token_id = 2 });
        WriteTokenizer();

        Linear("language_model.lm_head", Rows, hidden, false);
        Add("language_model.model.embed_tokens.weight", 1, Rows, hidden);
        Add("language_model.model.norm.weight", 1, hidden);
        for (int n = 0; n < layers; n++)
        {
            string layer = $"language_model.model.layers.{n}";
            Linear($"{layer}.self_attn.q_proj", hidden, hidden, false, 2);
            Linear($"{layer}.self_attn.k_proj", kvHeads * headDim, hidden, false, 2);
            Linear($"{layer}.self_attn.v_proj", kvHeads * headDim, hidden, false, 2);
            Linear($"{layer}.self_attn.o_proj", hidden, hidden, false, 2);
            Linear($"{layer}.mlp.gate_proj", 48, hidden, false);
            Linear($"{layer}.mlp.up_proj", 48, hidden, false);
            Linear($"{layer}.mlp.down_proj", hidden, 48, false);
            Add($"{layer}.input_layernorm.weight", 1, hidden);
            Add($"{layer}.post_attention_layernorm.weight", 1, hidden);
        }

        Linear("multi_modal_projector.linear_1", hidden, 16, true);
        Linear("multi_modal_projector.linear_2", hidden, hidden, true);
        const string tower = "vision_tower.vision_model";
        Add($"{tower}.embeddings.class_embedding", 1, 16);
        Add($"{tower}.embeddings.patch_embedding.weight", 0.1, 16, 3, 7, 7);
        Add($"{tower}.embeddings.position_embedding.weight", 1, 17, 16);
        Norm($"{tower}.pre_layrnorm");
        Norm($"{tower}.post_layernorm");
        for (int n = 0; n < 2; n++)
        {
            string block = $"{tower}.encoder.layers.{n}";
            foreach (string name in (string[])["q_proj", "k_proj", "v_proj", "out_proj"])
            {
                Linear($"{block}.self_attn.{name}", 16, 16, true);
            }

            Linear($"{block}.mlp.fc1", 24, 16, true);
            Linear($"{block}.mlp.fc2", 16, 24, true);
            Norm($"{block}.layer_norm1");
            Norm($"{block}.layer_norm2");
        }

        Save();
    }

    public string Folder { get; }

    public string Config => Path.Combine(Folder, "config.json");

    public IEnumerable<string> Names => [.. tensors.Select(t => t.Name)];

    public VisionLanguageModel Load(string linear = "packed", string compute = "float32") =>
        VisionLanguageModel.Load(Folder, Arithmetic.Resolve("cpu", compute, linear, torch.ScalarType.Float32));

    /// <summary>A picture of noise.</summary>
    public static Picture Noise(int seed, int width = 40, int height = 30)
    {
        byte[] rgb = new byte[width * height * 3];
        new Random(seed).NextBytes(rgb);
        return new Picture(width, height, rgb);
    }

    /// <summary>Replaces a piece of config.json.</summary>
    public void Edit(string old, string replacement) =>
        File.WriteAllText(Config, File.ReadAllText(Config).Replace(old, replacement, StringComparison.Ordinal));

    public void Remove(string tensor)
    {
        tensors.RemoveAll(t => t.Name == tensor);
        Save();
    }

    /// <summary>Other names for the same tensors.</summary>
    public void Rename(Func<string, string> name)
    {
        TensorToWrite[] renamed = [.. tensors.Select(t => t with { Name = name(t.Name) })];
        tensors.Clear();
        tensors.AddRange(renamed);
        Save();
    }

    /// <summary>One tensor's values under another name, too.</summary>
    public void Copy(string tensor, string name)
    {
        TensorToWrite copy = tensors.Single(t => t.Name == tensor) with { Name = name };
        tensors.RemoveAll(t => t.Name == name);
        tensors.Add(copy);
        Save();
    }

    /// <summary>Every value of a tensor becomes this one.</summary>
    public void Fill(string tensor, float value)
    {
        int at = tensors.FindIndex(t => t.Name == tensor);
        long[] shape = tensors[at].Shape;
        float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        Array.Fill(values, value);
        tensors[at] = TensorToWrite.Of(tensor, values, shape);
        Save();
    }

    /// <summary>A row of a matrix.</summary>
    public void SetRow(string tensor, int row, float[] values)
    {
        int at = tensors.FindIndex(t => t.Name == tensor);
        using var stream = new MemoryStream();
        tensors[at].Write(stream);
        float[] all = MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray();
        values.CopyTo(all, row * values.Length);
        tensors[at] = TensorToWrite.Of(tensor, all, tensors[at].Shape);
        Save();
    }

    public void Add(string name, double scale, params long[] shape)
    {
        float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)(
                scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())
            );
        }

        tensors.RemoveAll(t => t.Name == name);
        tensors.Add(TensorToWrite.Of(name, values, shape));
    }

    public void Save() => SafeTensorsWriter.Write(Path.Combine(Folder, "model.safetensors"), tensors);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Linear(string name, int outFeatures, int inFeatures, bool bias, double scale = 1)
    {
        Add($"{name}.weight", scale / Math.Sqrt(inFeatures), outFeatures, inFeatures);
        if (bias)
        {
            Add($"{name}.bias", 0.1, outFeatures);
        }
    }

    private void Norm(string name)
    {
        Add($"{name}.weight", 1, 16);
        Add($"{name}.bias", 0.1, 16);
    }

    private void WriteJson(string name, object value) =>
        File.WriteAllText(Path.Combine(Folder, name), JsonSerializer.Serialize(value));

    /// <summary>Characters as tokens: enough for the prompt, exact in form.</summary>
    private void WriteTokenizer()
    {
        var vocabulary = new Dictionary<string, int>
        {
            ["<unk>"] = 0,
            ["<s>"] = 1,
            ["</s>"] = 2,
            ["\u2581"] = 3,
            ["<0x0A>"] = 4,
        };
        foreach (char c in Enumerable.Range(33, 94).Select(c => (char)c))
        {
            vocabulary.Add(c.ToString(CultureInfo.InvariantCulture), vocabulary.Count);
        }

        WriteJson(
            "tokenizer.json",
            new
            {
                version = "1.0",
                added_tokens = (object[])
                    [Special(0, "<unk>"), Special(1, "<s>"), Special(2, "</s>"), Special(ImageTokenId, "<image>")],
                normalizer = new
                {
                    type = "Sequence",
                    normalizers = (object[])
                        [
                            new { type = "Prepend", prepend = "\u2581" },
                            new
                            {
                                type = "Replace",
                                pattern = new { String = " " },
                                content = "\u2581",
                            },
                        ],
                },
                pre_tokenizer = (object?)null,
                post_processor = new
                {
                    type = "TemplateProcessing",
                    single = (object[])
                        [
                            new { SpecialToken = new { id = "<s>", type_id = 0 } },
                            new { Sequence = new { id = "A", type_id = 0 } },
                        ],
                    pair = (object[])
                        [
                            new { Sequence = new { id = "A", type_id = 0 } },
                            new { Sequence = new { id = "B", type_id = 1 } },
                        ],
                    special_tokens = new Dictionary<string, object>
                    {
                        ["<s>"] = new
                        {
                            id = "<s>",
                            ids = (int[])[1],
                            tokens = (string[])["<s>"],
                        },
                    },
                },
                decoder = new
                {
                    type = "Sequence",
                    decoders = (object[])
                        [
                            new
                            {
                                type = "Replace",
                                pattern = new { String = "\u2581" },
                                content = " ",
                            },
                            new { type = "ByteFallback" },
                            new { type = "Fuse" },
                            new
                            {
                                type = "Strip",
                                content = " ",
                                start = 1,
                                stop = 0,
                            },
                        ],
                },
                model = new
                {
                    type = "BPE",
                    dropout = (object?)null,
                    unk_token = "<unk>",
                    fuse_unk = true,
                    byte_fallback = true,
                    vocab = vocabulary,
                    merges = (string[])[],
                },
            }
        );

        static object Special(int id, string content) =>
            new
            {
                id,
                content,
                single_word = false,
                lstrip = false,
                rstrip = false,
                normalized = false,
                special = true,
            };
    }
}
