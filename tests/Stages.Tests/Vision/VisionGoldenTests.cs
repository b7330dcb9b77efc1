using System.Security.Cryptography;
using System.Text.Json;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Models.Families;
using Pipelines.Models.Families.Llava;
using Pipelines.Models.Families.LlavaNext;
using Pipelines.Models.Families.Shared;
using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using Pipelines.Stages.Tests.Text;
using Xunit.Abstractions;
using Known = Pipelines.Stages.Tests.Models.Known;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>Decoding, resizing and preprocessing against golden/images and the pictures of all golden cases.</summary>
public sealed class VisionGoldenTests(ITestOutputHelper output)
{
    private const float ValueTolerance = 2e-6f;

    [GoldenFact("images/decode.json")]
    public void Decoded_pixels_equal_Pillows_and_orientation_is_followed()
    {
        using var tensors = SafeTensorsFile.Open(Golden.Path("images", "decode.safetensors"));
        int files = 0,
            turned = 0;
        foreach (var row in Rows("decode.json", "decode"))
        {
            string file = row.GetProperty("file").GetString()!;
            string tensor = Optional(row, "rgb_transposed")
                ?? Optional(row, "rgb_high_byte")
                ?? row.GetProperty("rgb").GetString()!;
            ShouldEqual(PictureDecoder.Decode(Golden.Path("images", file)), tensors, tensor, file);
            files++;
            turned += row.TryGetProperty("rgb_transposed", out _) ? 1 : 0;
        }

        output.WriteLine($"{files} files exact, {turned} of them with an orientation");
        files.Should().BePositive();
    }

    [GoldenFact("images/decode.json")]
    public void Broken_pictures_are_refused_with_a_sentence_or_read_as_Pillow_does()
    {
        using var tensors = SafeTensorsFile.Open(Golden.Path("images", "decode.safetensors"));
        int refused = 0,
            read = 0;
        foreach (var row in Rows("decode.json", "broken"))
        {
            string file = row.GetProperty("file").GetString()!,
                expect = row.GetProperty("expect").GetString()!;
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var picture = PictureDecoder.Decode(Golden.Path("images", file));
                expect.Should().NotBe("error", file);
                if (Optional(row, "rgb") is { } tensor && expect == "ok")
                {
                    ShouldEqual(picture, tensors, tensor, file);
                }

                read++;
            }
            catch (InputException e)
            {
                expect.Should().NotBe("ok", e.Message);
                e.Message.Should().Contain(Path.GetFileName(file));
                output.WriteLine(Path.GetFileName(e.Message));
                refused++;
            }

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(4_000_000, file);
        }

        output.WriteLine($"{refused} refused, {read} read");
        (refused + read).Should().BePositive();
    }

    [GoldenFact("images/decode")]
    public void Damaged_copies_of_all_kinds_of_files_are_read_or_refused()
    {
        int copies = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_COPIES"), out int n) ? n : 8,
            refused = 0,
            read = 0;
        foreach (string path in Directory.EnumerateFiles(Golden.Path("images", "decode")).Order(StringComparer.Ordinal))
        {
            var random = new Random(Path.GetFileName(path).Length);
            byte[] file = File.ReadAllBytes(path);
            for (int i = 0; i < copies; i++)
            {
                try
                {
                    _ = PictureDecoder.Decode(Mutation.Of(file, random), path);
                    read++;
                }
                catch (InputException)
                {
                    refused++;
                }
            }
        }

        output.WriteLine($"{refused} refused, {read} read");
        (refused + read).Should().BePositive();
    }

    [GoldenFact("images/resize.json")]
    public void Resized_bytes_equal_PILs_with_the_horizontal_pass_first()
    {
        using var tensors = SafeTensorsFile.Open(Golden.Path("images", "resize.safetensors"));
        int rows = 0;
        foreach (var row in Rows("resize.json", "cases").Where(IsOurOrder))
        {
            string source = row.GetProperty("source").GetString()!,
                expected = row.GetProperty("expected").GetString()!;
            var filter = Enum.Parse<ResizeFilter>(row.GetProperty("filter").GetString()!, ignoreCase: true);
            var resized = PilResize.Resize(
                PictureOf(tensors, source),
                row.GetProperty("width").GetInt32(),
                row.GetProperty("height").GetInt32(),
                filter
            );
            ShouldEqual(resized, tensors, expected, expected);
            rows++;
        }

        output.WriteLine($"{rows} resizes exact");
        rows.Should().BePositive();
    }

    [GoldenFact("images/process.json")]
    public void Preprocessed_pictures_equal_those_of_the_hubs_processors()
    {
        using var tensors = SafeTensorsFile.Open(Golden.Path("images", "process.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("images", "process.json")));
        var settings = json.RootElement.GetProperty("settings");
        float worst = 0;
        int rows = 0;
        foreach (
            var row in json
                .RootElement.GetProperty("cases")
                .EnumerateArray()
                .Where(IsOurOrder)
                .Where(r => Optional(r, "transformers") != "4.49")
        )
        {
            string name = $"{row.GetProperty("image").GetString()} by {row.GetProperty("processor").GetString()}";
            var picture = PictureDecoder.Decode(Golden.Path("images", row.GetProperty("image").GetString()!));
            var (tiles, pixels) = Process(row.GetProperty("processor").GetString()!, settings, picture);
            if (tiles is not null)
            {
                Hash(tiles).Should().Be(row.GetProperty("uint8_sha256").GetString(), name);
            }

            int[] shape = [.. row.GetProperty("pixel_values_shape").EnumerateArray().Select(s => s.GetInt32())];
            pixels.Shape.TakeLast(shape.Length).Should().Equal(shape, name);
            long[] index = tensors.ReadInt64(row.GetProperty("index").GetString()!);
            float[] value = tensors.ReadFloat(row.GetProperty("value").GetString()!);
            for (int i = 0; i < index.Length; i++)
            {
                worst = Math.Max(worst, Math.Abs(pixels.Values[index[i]] - value[i]));
            }

            rows++;
        }

        output.WriteLine($"{rows} rows, largest error {worst:g3}");
        rows.Should().BePositive();
        worst.Should().BeLessThanOrEqualTo(ValueTolerance);
    }

    [GoldenFact("images/geometry.json")]
    public void Geometry_equals_that_of_the_hubs_processors_for_all_sizes()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("images", "geometry.json")));
        using var process = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("images", "process.json")));
        var settings = process.RootElement.GetProperty("settings");
        int sizes = 0;
        foreach (var row in json.RootElement.EnumerateArray())
        {
            int width = row.GetProperty("width").GetInt32(),
                height = row.GetProperty("height").GetInt32();
            string name = $"{width} x {height}";
            var clip = new ClipProcessor(Config(settings, "clip336")).Geometry(width, height);
            Ints(row, "clip336", "resized", "crop_top", "crop_left")
                .Should()
                .Equal([clip.Height, clip.Width, clip.Top, clip.Left], name);

            var nextProcessor = LlavaNextSettings.Processor(Config(settings, "llava_next"));
            var next = nextProcessor.Geometry(width, height);
            Ints(row, "llava_next", "best_resolution", "resized", "pad_top", "pad_left", "patches", "image_tokens")
                .Should()
                .Equal(
                    [
                        next.TileRows * nextProcessor.Side,
                        next.TileColumns * nextProcessor.Side,
                        next.Height,
                        next.Width,
                        next.PadTop,
                        next.PadLeft,
                        1 + (next.TileRows * next.TileColumns),
                        next.ImageTokens(nextProcessor.Side / 14),
                    ],
                    name
                );

            CheckQwen(row, "qwen2_vl", Config(settings, "qwen2_vl"), width, height);
            CheckQwen(row, "qwen2_vl_transformers_5_23", Config(settings, "qwen2_vl"), width, height);
            CheckQwen(
                row,
                "qwen2_vl_256_1280",
                Config(settings, "qwen2_vl") with
                {
                    MinPixels = 256 * 28 * 28,
                    MaxPixels = 1280 * 28 * 28,
                },
                width,
                height
            );

            var tiles = InternVl(settings, 12).Geometry(width, height);
            Ints(row, "internvl", "columns", "rows", "tiles")
                .Should()
                .Equal([tiles.Columns, tiles.Rows, tiles.Tiles], name);
            var few = InternVl(settings, 6).Geometry(width, height);
            Ints(row, "internvl_max6", "columns", "rows").Should().Equal([few.Columns, few.Rows], name);
            sizes++;
        }

        output.WriteLine($"{sizes} sizes");
        sizes.Should().BePositive();
    }

    [GoldenFact]
    public void Case_pictures_give_the_cases_pixel_values()
    {
        foreach (var golden in GoldenCase.All())
        {
            using var tensors = SafeTensorsFile.Open(golden.Tensors);
            string[] images = [.. golden.Items("images").Select(i => i.GetString()!)];
            using var whole = new Models.GoldenCase(golden.Folder);
            using VisionLanguageModel model = VisionLanguageModel.Load(
                golden.ModelFolder,
                Arithmetic.Float32,
                whole.Image
            );
            Pixels pixels = model.Preprocess(whole.Picture(0));
            long[] shape = [.. tensors.Shape("pixel_values").SkipWhile(s => s == 1)];
            pixels.Shape.SkipWhile(s => s == 1).Select(s => (long)s).Should().Equal(shape, golden.Name);
            float[] expected = tensors.ReadFloat("pixel_values");
            float worst = expected.Zip(pixels.Values, (a, b) => Math.Abs(a - b)).Max();
            output.WriteLine($"{golden.Name}: largest error {worst:g3}");
            worst.Should().BeLessThanOrEqualTo(ValueTolerance, golden.Name);

            foreach (
                var (tensor, image) in new[]
                {
                    ("image_rgb", images[0]),
                    ("jpeg_pixels", Optional(golden.Json, "jpeg") ?? ""),
                }
            )
            {
                if (tensors.Tensors.ContainsKey(tensor))
                {
                    ShouldEqual(
                        PictureDecoder.Decode(Path.Combine(golden.Folder, image)),
                        tensors,
                        tensor,
                        golden.Name
                    );
                }
            }
        }
    }

    private static void CheckQwen(JsonElement row, string key, PreprocessorConfig config, int width, int height)
    {
        var processor = new QwenProcessor(config, Known.Qwen2Vl.ImageProcessor);
        var expected = row.GetProperty(key);
        if (expected.TryGetProperty("error", out var error))
        {
            // transformers 4.49 refuses a side below 28; only the aspect ratio is refused here.
            if (error.GetString()!.Contains("aspect", StringComparison.Ordinal))
            {
                processor.Invoking(p => p.Geometry(width, height)).Should().Throw<InputException>();
            }

            return;
        }

        var size = processor.Geometry(width, height);
        Ints(row, key, "resized").Should().Equal([size.Height, size.Width], "{0} x {1} by {2}", width, height, key);
        if (expected.TryGetProperty("grid", out _))
        {
            Ints(row, key, "grid", "image_tokens")
                .Should()
                .Equal([1, size.GridRows, size.GridColumns, size.ImageTokens]);
        }
    }

    private static (IReadOnlyList<Picture>? Tiles, Pixels Pixels) Process(
        string processor,
        JsonElement settings,
        Picture picture
    )
    {
        switch (processor)
        {
            case "clip336" or "llava_pad":
                var clip = new ClipProcessor(
                    Config(settings, "clip336"),
                    processor == "clip336" ? ImageFit.Crop : ImageFit.Pad
                );
                return ([clip.Fitted(picture)], clip.Process(picture));
            case "llava_next":
                var next = LlavaNextSettings.Processor(Config(settings, processor));
                return (next.Tiles(picture), next.Process(picture));
            case "internvl":
                var tiles = InternVl(settings, settings.GetProperty(processor).GetProperty("max_num").GetInt32());
                return (tiles.Tiles(picture), tiles.Process(picture));
            case "qwen2_vl":
                var qwen = new QwenProcessor(Config(settings, processor), Known.Qwen2Vl.ImageProcessor);
                var size = qwen.Geometry(picture.Width, picture.Height);
                return ([PilResize.Resize(picture, size.Width, size.Height)], qwen.Process(picture));
            default:
                throw new InvalidOperationException($"unknown processor {processor}");
        }
    }

    private static InternVlProcessor InternVl(JsonElement settings, int maxTiles)
    {
        var own = settings.GetProperty("internvl");
        return new InternVlProcessor(
            Config(settings, "internvl"),
            own.GetProperty("image_size").GetInt32(),
            own.GetProperty("min_num").GetInt32(),
            maxTiles,
            own.GetProperty("use_thumbnail").GetBoolean()
        );
    }

    private static PreprocessorConfig Config(JsonElement settings, string name) =>
        PreprocessorConfig.Parse(JsonSerializer.SerializeToUtf8Bytes(settings.GetProperty(name)), name);

    private static bool IsOurOrder(JsonElement row) =>
        row.GetProperty("order").GetString() is "any" or "horizontal_first";

    private static string? Optional(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static int[] Ints(JsonElement row, string key, params string[] names) =>
        [
            .. names.SelectMany(n =>
                row.GetProperty(key).GetProperty(n) is { ValueKind: JsonValueKind.Array } list
                    ? list.EnumerateArray().Select(i => i.GetInt32())
                    : [row.GetProperty(key).GetProperty(n).GetInt32()]
            ),
        ];

    private static List<JsonElement> Rows(string file, string list)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Golden.Path("images", file)));
        return [.. json.RootElement.GetProperty(list).EnumerateArray().Select(r => r.Clone())];
    }

    private static string Hash(IReadOnlyList<Picture> tiles)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var tile in tiles)
        {
            hash.AppendData(tile.Rgb);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Picture PictureOf(SafeTensorsFile tensors, string name) =>
        new((int)tensors.Shape(name)[1], (int)tensors.Shape(name)[0], tensors.ReadBytes(name));

    private static void ShouldEqual(Picture picture, SafeTensorsFile tensors, string tensor, string name)
    {
        var expected = PictureOf(tensors, tensor);
        (picture.Width, picture.Height).Should().Be((expected.Width, expected.Height), name);
        picture.Rgb.AsSpan().SequenceEqual(expected.Rgb).Should().BeTrue("the pixels of {0} are known", name);
    }
}
