using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Stages.Tests.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// What lies in a model folder: weights of the model and of nothing else, found before anything runs.
/// </summary>
public sealed class CheckpointFolderTests
{
    [Fact]
    public void Any_tensor_that_is_missing_or_misshapen_is_named_without_loading()
    {
        using var tiny = new TinyLlava();
        ModelInfo info = ModelInfo.Read(tiny.Folder);
        string[] unused = [.. info.Family.Tensors(info.Decoder, ModelConfig.Read(tiny.Config)).Unused];
        foreach (string name in tiny.Names)
        {
            using var other = new TinyLlava();
            other.Remove(name);
            if (unused.Any(u => name.StartsWith(u, StringComparison.Ordinal)))
            {
                Looking(other).Should().NotThrow(name);
                continue;
            }

            Looking(other).Should().Throw<InputException>().Which.What.Should().Contain(name);
            other.Add(name, 1, 7, 5);
            other.Save();
            Looking(other)
                .Should()
                .Throw<InputException>()
                .WithMessage($"*'{name}' has shape ?7, 5?, but config.json asks for*");
        }
    }

    [Fact]
    public void A_tensor_of_no_use_and_one_that_is_no_number_are_named_without_loading()
    {
        using var tiny = new TinyLlava();
        tiny.Add("language_model.model.layers.0.self_attn.rotary_emb.inv_freq", 1, 8);
        tiny.Save();
        Looking(tiny).Should().NotThrow("a table that follows from config.json");
        tiny.Add("language_model.model.layers.3.mlp.up_proj.weight", 1, 48, 64);
        tiny.Save();
        Looking(tiny).Should().Throw<InputException>().WithMessage("*1 tensors*no place*layers.3.mlp.up_proj.weight*");
    }

    /// <summary>
    /// transformers 5 writes a tie at the top of every InternVL's config.json, takes a stored head nevertheless, and
    /// ties where none is stored.
    /// </summary>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData("true", "false", true)]
    [InlineData("true", null, true)]
    [InlineData("false", "true", true)]
    [InlineData("false", "false", false)]
    [InlineData("false", null, false)]
    public void InternVl_s_hf_layout_without_a_head_is_tied_unless_every_flag_says_no(
        string? top,
        string? text,
        bool tied
    )
    {
        using SavedFolder saved = HfFolder(top, text, withHead: false);
        if (!tied)
        {
            FluentActions
                .Invoking(() => VisionLanguageModel.Load(saved.Path, Arithmetic.Float32))
                .Should()
                .Throw<InputException>()
                .WithMessage("*no 'language_model.lm_head.weight'*tie_word_embeddings*");
            return;
        }

        using VisionLanguageModel model = VisionLanguageModel.Load(saved.Path, Arithmetic.Float32);
        model.Decoder.Unembedding.Rows.Should().Be(model.Info.VocabularyRows);
    }

    [Theory]
    [InlineData("true", "false", null)]
    [InlineData("true", null, null)]
    [InlineData(null, "true", "text_config.tie_word_embeddings")]
    public void A_stored_head_of_InternVl_s_hf_layout_goes_before_the_tie_at_the_top(
        string? top,
        string? text,
        string? refused
    )
    {
        using SavedFolder saved = HfFolder(top, text, withHead: true);
        Action load = () => VisionLanguageModel.Load(saved.Path, Arithmetic.Float32).Dispose();
        if (refused is null)
        {
            load.Should().NotThrow();
        }
        else
        {
            load.Should().Throw<InputException>().WithMessage($"*{refused}*another matrix*");
        }
    }

    private static SavedFolder HfFolder(string? top, string? text, bool withHead)
    {
        string folder = Golden.CasesOf(Golden.Own).Single(f => GoldenCase.Info(f).Family == Known.InternVlHf);
        using var golden = new GoldenCase(folder);
        var saved = SavedFolder.Of(golden, "model");
        JsonObject config = JsonNode.Parse(File.ReadAllText(saved.File("config.json")))!.AsObject();
        Set(config, top);
        Set(config["text_config"]!.AsObject(), text);
        File.Delete(saved.File("config.json"));
        File.WriteAllText(saved.File("config.json"), config.ToJsonString());
        if (!withHead)
        {
            using SafeTensorsFile stored = SafeTensorsFile.Open(saved.File("model.safetensors"));
            TensorToWrite[] kept =
            [
                .. stored
                    .Tensors.Keys.Where(n => n != "language_model.lm_head.weight")
                    .Select(n => TensorToWrite.Of(n, stored.ReadFloat(n), stored.Shape(n))),
            ];
            File.Delete(saved.File("model.safetensors"));
            SafeTensorsWriter.Write(saved.File("model.safetensors"), kept);
        }

        return saved;

        static void Set(JsonObject section, string? flag)
        {
            section.Remove("tie_word_embeddings");
            if (flag is not null)
            {
                section["tie_word_embeddings"] = flag == "true";
            }
        }
    }

    public static TheoryData<string> Files => [.. ModelFiles.SmallNames, "model.safetensors"];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_never_ends_is_refused_by_name(string file)
    {
        using var tiny = new TinyLlava();
        string path = Path.Combine(tiny.Folder, file);
        File.Delete(path);
        File.CreateSymbolicLink(path, "/dev/zero");

        Action look = () => ModelFolder.RequireUsable(ModelInfo.Read(tiny.Folder), ModelFiles.SmallNames);

        look.Should()
            .Throw<InputException>()
            .WithMessage($"{path}: *cannot be read*it is a character device, not a regular file*");
    }

    [Theory]
    [InlineData("module.", "DistributedDataParallel")]
    [InlineData("_orig_mod.", "torch.compile")]
    [InlineData("base_model.model.", "an adapter")]
    [InlineData("base_model.model.model.", "an adapter")]
    [InlineData("actor.policy.", "wrapped")]
    public void A_prefix_of_a_wrapped_model_is_named(string prefix, string who)
    {
        using var tiny = new TinyLlava();
        tiny.Rename(n => prefix + n);
        Looking(tiny)
            .Should()
            .Throw<InputException>()
            .WithMessage($"*names begin with '{prefix[..Math.Min(prefix.Length, 11)]}*{who}*");
    }

    [Fact]
    public void Names_of_newer_classes_are_read_as_the_hubs()
    {
        using var tiny = new TinyLlava();
        float[] hub = Features(tiny);
        tiny.Rename(n =>
            n == "language_model.lm_head.weight"
                ? "lm_head.weight"
                : "model." + n.Replace("language_model.model.", "language_model.", StringComparison.Ordinal)
        );
        Looking(tiny).Should().NotThrow();
        Features(tiny).Should().Equal(hub);
        tiny.Rename(n => n == "lm_head.weight" ? "module.lm_head.weight" : n);
        Looking(tiny).Should().Throw<InputException>().WithMessage("*no 'language_model.lm_head.weight'*");
    }

    [Fact]
    public void One_tensor_under_two_names_is_refused()
    {
        using var tiny = new TinyLlava();
        tiny.Add("model.language_model.norm.weight", 1, 64);
        tiny.Save();
        Looking(tiny)
            .Should()
            .Throw<InputException>()
            .WithMessage("*'model.language_model.norm.weight'*'language_model.model.norm.weight'*same tensor*");
    }

    [Theory]
    [InlineData("false", "false")]
    [InlineData("true", "false")]
    [InlineData("false", "true")]
    [InlineData("null", "null")]
    public void Without_a_stored_head_some_flag_must_tie(string top, string inner)
    {
        using TinyLlava tiny = Flagged(top, inner);
        tiny.Remove(Head);
        if (top == "true" || inner == "true")
        {
            using var untied = new TinyLlava();
            Looking(tiny).Should().NotThrow();
            Direction(tiny).Should().NotEqual(Direction(untied));
        }
        else
        {
            Looking(tiny).Should().Throw<InputException>().WithMessage($"*no '{Head}'*tie_word_embeddings*");
        }
    }

    [Theory]
    [InlineData("true", "false", "'tie_word_embeddings'")]
    [InlineData("false", "true", "'text_config.tie_word_embeddings'")]
    [InlineData("true", "true", "'tie_word_embeddings'")]
    public void A_stored_head_that_is_not_the_embedding_is_refused_where_a_flag_ties(
        string top,
        string inner,
        string named
    )
    {
        using TinyLlava tiny = Flagged(top, inner);
        foreach (Action look in (Action[])[Looking(tiny), () => tiny.Load().Dispose()])
        {
            look.Should().Throw<InputException>().WithMessage($"*config.json: {named} is true*'{Head}'*versions*");
        }

        double[] plain = Direction(Copied(tiny, "language_model.model.embed_tokens.weight"));
        tiny.Remove(Head);
        Direction(tiny).Should().Equal(plain, "a copy of the embedding is what the flag says");
    }

    [Theory]
    [InlineData("false", "false")]
    [InlineData("null", "null")]
    public void A_stored_head_is_read_where_no_flag_ties(string top, string inner)
    {
        using TinyLlava tiny = Flagged(top, inner);
        using var untied = new TinyLlava();
        Direction(tiny).Should().Equal(Direction(untied));
    }

    [Theory]
    [InlineData("adapter_config.json")]
    [InlineData("adapter_model.safetensors")]
    [InlineData("adapter_model.bin")]
    [InlineData("non_lora_trainables.bin")]
    public void An_adapter_beside_the_weights_is_refused(string file)
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(Path.Combine(tiny.Folder, file), "{}");
        Looking(tiny).Should().Throw<InputException>().WithMessage($"*{file}*beside the weights*merge*");
    }

    [Fact]
    public void An_adapter_inside_the_weights_is_refused()
    {
        using var tiny = new TinyLlava();
        tiny.Add("language_model.model.layers.0.self_attn.q_proj.lora_A.default.weight", 1, 8, 64);
        tiny.Save();
        Looking(tiny).Should().Throw<InputException>().WithMessage("*tensor of an adapter*lora_A*");
    }

    [Theory]
    [InlineData("quantize_config.json")]
    [InlineData("hf_quant_config.json")]
    public void A_file_that_quantising_leaves_is_refused(string file)
    {
        using var tiny = new TinyLlava();
        File.WriteAllText(Path.Combine(tiny.Folder, file), "{}");
        Looking(tiny).Should().Throw<InputException>().WithMessage($"*{file}*quantised*");
    }

    [Theory]
    [InlineData("weight_scale")]
    [InlineData("weight_scale_inv")]
    [InlineData("weight_packed")]
    [InlineData("scales")]
    [InlineData("g_idx")]
    public void Tensors_of_fp8_compressed_and_mlx_copies_betray_them(string ending)
    {
        using var tiny = new TinyLlava();
        tiny.Add($"language_model.model.layers.0.self_attn.q_proj.{ending}", 1, 64);
        tiny.Save();
        Looking(tiny).Should().Throw<InputException>().WithMessage($"*quantised*{ending}*");
    }

    [Fact]
    public void In_the_hubs_cache_a_model_is_called_by_its_repository_and_its_folder_is_its_snapshot()
    {
        using var tiny = new TinyLlava();
        using var root = new TemporaryFolder();
        string repository = root.File("models--lab--micro-llava"),
            snapshot = Path.Combine(repository, "snapshots", "0123abcd");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(Path.Combine(repository, "blobs"));
        foreach (string file in Directory.EnumerateFiles(tiny.Folder))
        {
            string blob = Path.Combine(repository, "blobs", "x" + Path.GetFileName(file));
            File.Copy(file, blob);
            File.CreateSymbolicLink(
                Path.Combine(snapshot, Path.GetFileName(file)),
                Path.Combine("..", "..", "blobs", Path.GetFileName(blob))
            );
        }

        foreach (string folder in (string[])[repository, snapshot, snapshot + "/"])
        {
            ModelInfo info = ModelInfo.Read(folder);
            info.Name.Should().Be("lab/micro-llava");
            Path.TrimEndingDirectorySeparator(info.Folder).Should().Be(snapshot);
            FluentActions.Invoking(() => ModelFolder.RequireUsable(info, [])).Should().NotThrow();
        }

        VisionLanguageModel.Load(repository, Arithmetic.Float32).Dispose();
        string second = Path.Combine(repository, "snapshots", "4567ef");
        Directory.CreateDirectory(second);
        FluentActions
            .Invoking(() => ModelInfo.Read(repository))
            .Should()
            .Throw<InputException>()
            .WithMessage("*2 snapshots*0123abcd, 4567ef*");
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), "0123abcd\n");
        ModelInfo.Read(repository).Folder.Should().Be(snapshot);
        File.WriteAllText(Path.Combine(repository, "refs", "main"), "feed");
        FluentActions
            .Invoking(() => ModelInfo.Read(repository))
            .Should()
            .Throw<InputException>()
            .WithMessage("*refs/main*'feed'*");
        ModelInfo
            .Read(tiny.Folder)
            .Name.Should()
            .Be(Path.GetFileName(tiny.Folder), "a folder outside the cache keeps its name");
    }

    [GoldenFact]
    public void A_byte_order_mark_in_front_of_every_text_file_changes_nothing()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            using SavedFolder saved = SavedFolder.Of(golden, "model");
            foreach (
                string file in Directory
                    .EnumerateFiles(saved.Path)
                    .Where(f => Path.GetExtension(f) is ".json" or ".txt")
                    .ToList()
            )
            {
                byte[] text = File.ReadAllBytes(file);
                File.Delete(file);
                File.WriteAllBytes(file, [.. Encoding.UTF8.GetPreamble(), .. text]);
            }

            ModelInfo info = ModelInfo.Read(saved.Path);
            ModelFolder.RequireUsable(info, []);
            using VisionLanguageModel model = VisionLanguageModel.Load(saved.Path, Arithmetic.Float32, golden.Image);
            model
                .Tokenize(golden.Prompt, model.TokensOf(golden.Picture(0).Width, golden.Picture(0).Height))
                .Ids.Should()
                .Equal(golden.InputIds, folder);
            model.Preprocess(golden.Picture(0)).Values.Should().HaveCount(golden.Floats("pixel_values").Length);
        }
    }

    private const string Head = "language_model.lm_head.weight";

    private static TinyLlava Flagged(string top, string inner)
    {
        var tiny = new TinyLlava();
        tiny.Edit("\"torch_dtype\"", $"\"tie_word_embeddings\":{top},\"torch_dtype\"");
        tiny.Edit("\"text_config\":{", $"\"text_config\":{{\"tie_word_embeddings\":{inner},");
        return tiny;
    }

    /// <summary>The head becomes a copy of another tensor.</summary>
    private static TinyLlava Copied(TinyLlava tiny, string tensor)
    {
        tiny.Copy(tensor, Head);
        return tiny;
    }

    private static Action Looking(TinyLlava tiny) => () => ModelFolder.RequireUsable(ModelInfo.Read(tiny.Folder), []);

    private static double[] Direction(TinyLlava tiny)
    {
        using VisionLanguageModel model = tiny.Load();
        return [.. ((LinearMeasure)model.Measure(new Measured.Logit(17, LogitMean.Rows))).Direction];
    }

    private static float[] Features(TinyLlava tiny)
    {
        using VisionLanguageModel model = tiny.Load();
        using ImageFeatures features = model.Features(TinyLlava.Noise(1));
        return features.Features.contiguous().data<float>().ToArray();
    }
}
