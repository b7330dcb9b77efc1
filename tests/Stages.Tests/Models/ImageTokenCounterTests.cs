using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Spec;
using Xunit;

namespace Pipelines.Stages.Tests.Models;

/// <summary>
/// The number of image tokens follows from a picture's size and the configuration files alone, and model.image fixes
/// it.
/// </summary>
public sealed class ImageTokenCounterTests
{
    [GoldenFact("../configs")]
    public void Golden_configs_give_the_published_numbers_of_image_tokens()
    {
        // models.md, sections 1 to 4
        (string Model, ImageChoice Image, int Width, int Height, int Tokens)[] published =
        [
            ("llava-1.5-7b-hf", new(), 640, 480, 576),
            ("llava-v1.6-vicuna-7b-hf", new(), 336, 336, 1176),
            ("llava-v1.6-vicuna-7b-hf", new(), 672, 672, 2928),
            ("llava-v1.6-vicuna-7b-hf", new(), 640, 480, 2340),
            ("llava-v1.6-vicuna-7b-hf", new(), 480, 640, 2352),
            ("llava-v1.6-vicuna-7b-hf", new(), 640, 427, 2144),
            ("llava-v1.6-vicuna-7b-hf", new(), 427, 640, 2160),
            ("llava-v1.6-vicuna-7b-hf", new() { Square = 336 }, 640, 480, 1176),
            ("InternVL2_5-4B", new(), 640, 480, 3328),
            ("InternVL2_5-4B", new() { MaxTiles = 1 }, 640, 480, 256),
            ("InternVL2_5-4B", new() { Square = 448 }, 640, 480, 256),
            ("Qwen2-VL-2B-Instruct", new(), 640, 480, 391),
            ("Qwen2-VL-2B-Instruct", new(), 640, 427, 345),
            ("Qwen2-VL-2B-Instruct", new() { Square = 448 }, 640, 427, 256),
            ("Qwen2-VL-2B-Instruct", new() { Square = 224 }, 640, 427, 64),
        ];
        foreach (var (model, image, width, height, tokens) in published)
        {
            ImageTokenCounter
                .Read(ModelInfo.Read(Golden.Path("..", "configs", model)), image)
                .TokensOf(width, height)
                .Tokens.Should()
                .Be(tokens, $"{model} {image} {width} x {height}");
        }
    }

    [Fact]
    public void Published_files_of_newer_models_give_the_published_numbers_of_image_tokens()
    {
        // models-2.md, sections 6 and 7
        const string onevision = "llava-onevision-qwen2-7b-ov-hf",
            gemma = "gemma-3-4b-it";
        (string Model, int Width, int Height, int Tokens)[] published =
        [
            (onevision, 384, 384, 1485),
            (onevision, 100, 100, 1485),
            (onevision, 448, 448, 3699),
            (onevision, 672, 672, 3699),
            (onevision, 640, 480, 2929),
            (onevision, 480, 640, 2943),
            (onevision, 640, 427, 2709),
            (onevision, 1024, 1024, 7371), // 81 x 81 patches, which is as many as nine tiles have
            (onevision, 1600, 1200, 7309), // shrunk from 102 x 135 patches
            (onevision, 2304, 2304, 7371), // shrunk from 162 x 162
            (gemma, 640, 427, 256),
            (gemma, 31, 2000, 256),
        ];
        foreach (IGrouping<string, (string, int, int, int)> model in published.GroupBy(p => p.Model))
        {
            using var folder = new PublishedFolder(model.Key);
            ImageTokenCounter counter = ImageTokenCounter.Read(ModelInfo.Read(folder.Path), new ImageChoice());
            foreach ((_, int width, int height, int tokens) in model)
            {
                counter.TokensOf(width, height).Tokens.Should().Be(tokens, $"{model.Key} {width} x {height}");
            }

            ModelInfo info = ModelInfo.Read(folder.Path);
            ImageTokenCounter
                .Read(info, ImageSettings.Resolve(new ImageSpec(), info.Family))
                .Common.Should()
                .Be(model.Key == gemma ? 256 : 1485, "pictures become one number by default");
        }
    }

    [GoldenFact("../configs-2")]
    public void Golden_configs_of_newer_Qwen_families_give_the_published_numbers_of_image_tokens()
    {
        // models-2.md, sections 1 and 5
        (string Family, int Width, int Height, int Tokens)[] published =
        [
            ("Qwen2.5-VL", 448, 448, 256),
            ("Qwen2.5-VL", 640, 480, 391),
            ("Qwen2.5-VL", 640, 427, 345),
            ("Qwen2.5-VL", 672, 672, 576),
            ("Qwen2.5-VL", 1024, 1024, 1369),
            ("Qwen3-VL", 448, 448, 196),
            ("Qwen3-VL", 224, 224, 64),
            ("Qwen3-VL", 336, 336, 100),
            ("Qwen3-VL", 640, 480, 300),
            ("Qwen3-VL", 672, 672, 441),
        ];
        int read = 0;
        foreach (string folder in Directory.EnumerateDirectories(Golden.Path("..", "configs-2"), "Qwen*"))
        {
            ModelInfo info = ModelInfo.Read(folder);
            foreach (var (_, width, height, tokens) in published.Where(p => p.Family == info.Family.Name))
            {
                ImageTokenCounter
                    .Read(info, new ImageChoice())
                    .TokensOf(width, height)
                    .Tokens.Should()
                    .Be(tokens, $"{folder} {width} x {height}");
                read++;
            }

            ImageTokenCounter
                .Read(info, ImageSettings.Resolve(new ImageSpec(), info.Family))
                .TokensOf(17, 400)
                .Tokens.Should()
                .Be(info.Family == Known.Qwen3Vl ? 196 : 256, "pictures are brought to 448 x 448 by default");
        }

        read.Should().Be(5 * 5);
    }

    [GoldenFact("../configs-2")]
    public void Golden_config_of_Qwen3Vl_refuses_a_size_between_tokens_and_patches_of_another_size()
    {
        ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs-2", "Qwen3-VL-4B-Instruct"));
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice { Square = 336 }))
            .Should()
            .Throw<InputException>()
            .WithMessage("model.image.size: 336*multiple of 32*Qwen3-VL*448*");
        using var folder = new Tensors.TemporaryFolder();
        File.Copy(Path.Combine(info.Folder, "config.json"), folder.File("config.json"));
        folder.Write("preprocessor_config.json", """{"size":{"shortest_edge":65536,"longest_edge":16777216}}""");
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(ModelInfo.Read(folder.Path), new ImageChoice()))
            .Should()
            .Throw<InputException>("the class's patch is 14, the model's 16")
            .WithMessage("*preprocessor_config.json*other patch*");
    }

    /// <summary>models-2.md, sections 2 to 4.</summary>
    [Theory]
    [InlineData("llava-v1.6-mistral-7b-hf", 336, 336, 1176)]
    [InlineData("llava-v1.6-mistral-7b-hf", 448, 448, 2928)]
    [InlineData("llama3-llava-next-8b-hf", 1024, 1024, 2928)]
    [InlineData("llava-v1.6-34b-hf", 640, 480, 2340)]
    [InlineData("InternVL3-1B", 448, 448, 256)]
    [InlineData("InternVL3-2B", 640, 480, 3328)]
    [InlineData("InternVL3-8B", 640, 427, 1792)]
    [InlineData("InternVL3-14B", 672, 672, 1280)]
    [InlineData("InternVL3_5-1B", 1024, 1024, 2560)]
    [InlineData("InternVL3_5-8B", 640, 480, 3328)]
    [InlineData("InternVL3_5-1B-HF", 448, 448, 256)]
    [InlineData("InternVL3_5-2B-HF", 640, 427, 1792)]
    [InlineData("InternVL3_5-4B-HF", 672, 672, 1280)]
    [InlineData("InternVL3_5-8B-HF", 1024, 1024, 2560)]
    public void Newer_models_have_the_published_numbers_of_image_tokens(string model, int width, int height, int tokens)
    {
        using var folder = new PublishedFolder(model);
        ImageTokenCounter
            .Read(ModelInfo.Read(folder.Path), new ImageChoice())
            .TokensOf(width, height)
            .Tokens.Should()
            .Be(tokens);
    }

    [Theory]
    [InlineData("llava-v1.6-34b-hf", 1176)]
    [InlineData("InternVL3_5-8B", 256)]
    [InlineData("InternVL3_5-8B-HF", 256)]
    public void Newer_models_have_one_number_of_image_tokens_by_default(string model, int tokens)
    {
        using var folder = new PublishedFolder(model);
        ModelInfo info = ModelInfo.Read(folder.Path);
        ImageTokenCounter.Read(info, ImageSettings.Resolve(new ImageSpec(), info.Family)).Common.Should().Be(tokens);
    }

    [GoldenFact("../configs")]
    public void Golden_configs_have_one_number_of_image_tokens_by_default()
    {
        (string Model, int Tokens)[] defaults =
        [
            ("llava-1.5-13b-hf", 576),
            ("llava-v1.6-vicuna-13b-hf", 1176),
            ("InternVL2_5-4B", 256),
            ("Qwen2-VL-2B-Instruct", 256),
        ];
        foreach ((string model, int tokens) in defaults)
        {
            ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs", model));
            ImageTokenCounter counter = ImageTokenCounter.Read(
                info,
                ImageSettings.Resolve(new ImageSpec(), info.Family)
            );
            foreach ((int width, int height) in ((int, int)[])[(640, 480), (17, 400), (336, 336), (2000, 31)])
            {
                counter.TokensOf(width, height).Tokens.Should().Be(tokens, model);
                counter.Mismatch(width, height).Should().BeNull();
            }
        }
    }

    [GoldenFact]
    public void Golden_models_make_as_many_tokens_as_the_counter_says()
    {
        foreach (string folder in Golden.Cases())
        {
            using var golden = new GoldenCase(folder);
            ModelInfo info = ModelInfo.Read(golden.ModelFolder);
            ImageChoice[] choices =
            [
                golden.Image,
                ImageSettings.Resolve(
                    new ImageSpec { Size = info.Family.Image.Size is null ? null : 224 },
                    info.Family
                ),
            ];
            foreach (ImageChoice image in choices)
            {
                ImageTokenCounter counter = ImageTokenCounter.Read(info, image);
                using VisionLanguageModel model = VisionLanguageModel.Load(
                    golden.ModelFolder,
                    Arithmetic.Float32,
                    image
                );
                foreach (string file in golden.Images)
                {
                    Picture picture = PictureDecoder.Decode(file);
                    PictureDecoder.ReadSize(file).Should().Be((picture.Width, picture.Height), file);
                    using ImageFeatures features = model.Features(picture);
                    features.Tokens.Should().Be(counter.TokensOf(picture.Width, picture.Height), $"{folder} {image}");
                    features.Features.shape[0].Should().Be(features.Tokens.Tokens);
                }
            }
        }
    }

    [GoldenFact("../configs")]
    public void Golden_configs_reject_with_the_reason_what_becomes_other_tokens()
    {
        ModelInfo qwen = ModelInfo.Read(Golden.Path("..", "configs", "Qwen2-VL-2B-Instruct"));
        ImageTokenCounter counter = ImageTokenCounter.Read(
            qwen,
            ImageSettings.Resolve(new ImageSpec { OtherSizes = OtherSizes.Reject }, qwen.Family)
        );
        counter.Mismatch(448, 448).Should().BeNull();
        counter.Mismatch(450, 441).Should().BeNull("both sides round to 448");
        counter
            .Mismatch(640, 480)
            .Should()
            .Be("640 x 480 pixels become 391 image tokens (17 x 23), not 256 image tokens (16 x 16) as 448 x 448 do");
        counter
            .Mismatch(896, 224)
            .Should()
            .Be(
                "896 x 224 pixels become 256 image tokens (8 x 32), not 256 image tokens (16 x 16) as 448 x 448 do",
                "positions of the mean are by row and column"
            );
        ModelInfo next = ModelInfo.Read(Golden.Path("..", "configs", "llava-v1.6-vicuna-7b-hf"));
        ImageTokenCounter large = ImageTokenCounter.Read(
            next,
            ImageSettings.Resolve(new ImageSpec { Size = 672, OtherSizes = OtherSizes.Reject }, next.Family)
        );
        large.Mismatch(1024, 1024).Should().BeNull();
        large.Mismatch(640, 480).Should().Contain("2340 image tokens, not 2928");
    }

    [Fact]
    public void A_field_that_a_family_does_not_have_is_named_with_what_it_has()
    {
        (Family Family, ImageSpec Spec, string Message)[] wrong =
        [
            (Known.Llava, new() { Size = 336 }, "model.image.size: LLaVA-1.5 has no such choice. It has fit."),
            (
                Known.Llava,
                new() { OtherSizes = OtherSizes.Reject },
                "model.image.other_sizes: LLaVA-1.5 has no such choice. It has fit."
            ),
            (
                Known.LlavaNext,
                new() { Fit = ImageFit.Pad },
                "model.image.fit: LLaVA-NeXT has no such choice. It has size and other_sizes."
            ),
            (
                Known.Qwen2Vl,
                new() { Tiles = 1 },
                "model.image.tiles: Qwen2-VL has no such choice. It has size and other_sizes."
            ),
            (
                Known.InternVl,
                new() { Fit = ImageFit.Pad },
                "model.image.fit: InternVL, authors' layout has no such choice. It has tiles, size and other_sizes."
            ),
            (
                Known.LlavaOnevision,
                new() { Tiles = 1 },
                "model.image.tiles: LLaVA-OneVision has no such choice. It has size and other_sizes."
            ),
            (Known.Gemma3, new() { Size = 896 }, "model.image.size: Gemma 3 has no such choice.*"),
            (
                Known.Qwen2Vl,
                new() { Size = 0, OtherSizes = OtherSizes.Reject },
                "model.image: 'other_sizes: reject' needs a size*Set model.image.size, for example to 448."
            ),
        ];
        foreach (var (family, spec, message) in wrong)
        {
            FluentActions
                .Invoking(() => ImageSettings.Resolve(spec, family))
                .Should()
                .Throw<InputException>()
                .WithMessage(message);
        }
    }

    [GoldenFact("../configs")]
    public void Golden_config_of_Qwen2Vl_refuses_a_size_between_tokens()
    {
        ModelInfo info = ModelInfo.Read(Golden.Path("..", "configs", "Qwen2-VL-2B-Instruct"));
        FluentActions
            .Invoking(() => ImageTokenCounter.Read(info, new ImageChoice { Square = 450 }))
            .Should()
            .Throw<InputException>()
            .WithMessage("model.image.size: 450*multiple of 28*448*");
    }

    [Fact]
    public void Each_family_says_in_words_how_pictures_are_fitted()
    {
        using var tiny = new TinyLlava();
        ModelInfo info = ModelInfo.Read(tiny.Folder);
        ImageChoice image = ImageSettings.Resolve(new ImageSpec { Fit = ImageFit.Pad }, info.Family);
        ImageSettings
            .Describe(image, info.Family, ImageTokenCounter.Read(info, image))
            .Should()
            .Be("padded to a square; 16 image tokens");
    }
}
