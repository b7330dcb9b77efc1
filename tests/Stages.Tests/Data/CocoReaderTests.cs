using System.Globalization;
using System.Text;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data;

public sealed class CocoReaderTests : IDisposable
{
    private const string Images = """
        [
          {"id": 1, "file_name": "a.jpg", "width": 100, "height": 50},
          {"id": 2, "file_name": "sub/b.jpg", "width": 10, "height": 10}
        ]
        """;

    private const string Annotations = """
        [
          {"image_id": 1, "category_id": 3, "area": 1000, "iscrowd": 0, "segmentation": [[1, 2, 3]]},
          {"image_id": 2, "category_id": 4, "bbox": [0, 0, 5, 5]}
        ]
        """;

    private const string Categories =
        """[{"id": 3, "name": "dog", "supercategory": "animal"}, {"id": 4, "name": "hot dog"}]""";

    private const double AllowedMissing = 0.5;

    private static readonly SingleObject Rule = new(0.05, 0.02);

    private readonly TemporaryFolder folder = new();

    public CocoReaderTests() => folder.Touch("images/a.jpg", "images/sub/b.jpg");

    private string ImageFolder => Path.Combine(folder.Root, "images");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pictures_carry_id_file_and_category()
    {
        PictureSet set = Read(Json(Images, Annotations, Categories));

        set.Candidates.Should()
            .Equal(
                new DataItem("1", "a.jpg", Path.Combine(ImageFolder, "a.jpg"), "dog", "animal"),
                new DataItem(
                    "2",
                    "sub/b.jpg",
                    Path.Combine(ImageFolder, "sub", "b.jpg"),
                    "hot dog",
                    Box: new ObjectBox(new Pipelines.Models.Vision.PictureRegion(0, 0, 0.5, 0.5), 10, 10)
                )
            );
        set.Categories.Should().Equal("dog", "hot dog");
    }

    [Fact]
    public void The_box_is_that_of_the_one_main_object()
    {
        const string two = """
            [
              {"image_id": 1, "category_id": 3, "area": 50, "bbox": [0, 0, 10, 5]},
              {"image_id": 1, "category_id": 4, "area": 1000, "bbox": [50, 10, 50, 20]},
              {"image_id": 1, "category_id": 3, "area": 20, "bbox": [1, 1, 1, 1]}
            ]
            """;

        Read(Json(Images, two, Categories))
            .Candidates.Single()
            .Should()
            .Match<DataItem>(i =>
                i.Category == "hot dog"
                && i.Box == new ObjectBox(new Pipelines.Models.Vision.PictureRegion(0.5, 0.2, 1, 0.6), 100, 50)
            );
    }

    [Fact]
    public void Order_of_the_lists_does_not_matter()
    {
        string reversed = $$"""
            {
              "categories": {{Categories}},
              "annotations": {{Annotations}},
              "licenses": [{"a": {"b": [1, { }] } }],
              "images": {{Images}}
            }
            """;

        Read(reversed).Pictures.Should().Equal(Read(Json(Images, Annotations, Categories)).Pictures);
    }

    [Fact]
    public void The_bundled_pictures_hold_288_single_objects_of_312()
    {
        string quickstart = Path.Combine(Golden.RepositoryRoot(), "experiments", "quickstart");

        PictureSet set = CocoReader.Read(
            Path.Combine(quickstart, "images"),
            Path.Combine(quickstart, "instances.json"),
            Rule,
            AllowedMissing
        );

        set.Pictures.Should().HaveCount(312);
        set.Candidates.Should()
            .HaveCount(288)
            .And.OnlyContain(c => c.Category != null && c.SuperCategory != null && File.Exists(c.FullPath));
        set.LeftOut.Sum(l => l.Count).Should().Be(24);
    }

    [Fact]
    public void Tokens_that_straddle_the_buffer_are_read_alike()
    {
        string json = Json(Images, Annotations, Categories);
        IReadOnlyList<DataItem> expected = Read(json).Pictures;
        for (int padding = 65536 - json.Length - 8; padding <= 65536; padding += 3)
        {
            Read(new string(' ', padding) + json).Pictures.Should().Equal(expected);
        }
    }

    [Fact]
    public void A_text_longer_than_the_buffer_is_read()
    {
        string name = new('x', 200_000);

        Read(Json(Images, Annotations, $$"""[{"id": 3, "name": "{{name}}"}, {"id": 4, "name": "b"}]"""))
            .Categories.Should()
            .Contain(name);
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over() =>
        Read("\uFEFF" + Json(Images, Annotations, Categories)).Candidates.Should().HaveCount(2);

    [Fact]
    public void Memory_does_not_grow_with_the_annotations()
    {
        string path = Path.Combine(folder.Root, "large.json");
        using (var writer = new StreamWriter(path))
        {
            writer.Write(
                $$"""
                {"images": {{Images}}, "categories": {{Categories}},
                "annotations": [{"image_id": 1, "category_id": 3, "area": 1000}
                """
            );
            for (int i = 0; i < 100_000; i++)
            {
                writer.Write(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $$"""
                        , {"image_id": 1, "category_id": 4, "area": {{i % 90}}.5,
                        "segmentation": [[1.25, 2.5, 3.75, 4.125, 5.25, 6.5, 7.75, 8.125, 9.25, 10.5]]}
                        """
                    )
                );
            }

            writer.Write("]}");
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        PictureSet set = CocoReader.Read(ImageFolder, path, Rule, AllowedMissing);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        set.Candidates.Should().ContainSingle(c => c.Category == "dog");
        new FileInfo(path).Length.Should().BeGreaterThan(10_000_000);
        allocated.Should().BeLessThan(1_000_000);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:1", "git-LFS pointer")]
    [InlineData("<!DOCTYPE html>", "web page")]
    [InlineData("PK\u0003\u0004...", "archive")]
    [InlineData("[]", "an object ({ … }) is expected, found a list (line 1, byte 1)")]
    [InlineData("{\"images\": [}", "the JSON is damaged or ends too early (line 1, byte 13)")]
    [InlineData("{\"images\": [\n{\"id\": 1", "the JSON is damaged or ends too early (line 2, byte 9)")]
    [InlineData("{\"images\": []} x", "the JSON is damaged or ends too early")]
    [InlineData("{\"images\": []}", "has no list 'annotations'")]
    [InlineData("{\"images\": [], \"annotations\": [], \"categories\": []}", "'images' lists no picture")]
    [InlineData("{\"images\": {}}", "images: a list ([ … ]) is expected, found an object")]
    [InlineData("{\"images\": [1]}", "images[0]: an object ({ … }) is expected, found a number")]
    [InlineData(
        "{\"images\": [\n{\"id\": true}]}",
        "images[0].id: a whole number is expected, found true (line 2, byte 8)"
    )]
    [InlineData("{\"images\": [{\"id\": 1e30}]}", "images[0].id: a whole number is expected")]
    [InlineData("{\"images\": [{\"id\": null, \"file_name\": \"a.jpg\"}]}", "images[0]: lacks 'id'")]
    [InlineData(
        "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}, {\"id\": \"1\", \"file_name\": \"b.jpg\"}]}",
        "images[1].id: picture 1 is listed twice"
    )]
    [InlineData("{\"images\": [{\"id\": 1.5}]}", "images[0].id: a whole number is expected, found one with a fraction")]
    [InlineData(
        "{\"images\": [{\"id\": 1, \"width\": 0}]}",
        "images[0].width: a picture's width in pixels is expected"
    )]
    [InlineData(
        "{\"images\": [{\"id\": 1, \"file_name\": \"../a.jpg\", \"height\": 1, \"width\": 1}]}",
        "'../a.jpg' does not name a file below"
    )]
    [InlineData(
        "{\"images\": [{\"id\": 1, \"file_name\": \"\\ud800\"}]}",
        "images[0].file_name: the text is not valid UTF-8"
    )]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"area\": -1}]}",
        "annotations[0].area: a number of 0 or more is expected"
    )]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"area\": 1e999}]}",
        "annotations[0].area: a number of 0 or more is expected"
    )]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"bbox\": [1, 2, 3]}]}",
        "annotations[0].bbox: 4 numbers are expected, found fewer"
    )]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"bbox\": [1, 2, 3, 4, 5]}]}",
        "annotations[0].bbox: 4 numbers are expected, found more"
    )]
    [InlineData("{\"annotations\": [{\"image_id\": 1, \"category_id\": 1}]}", "annotations[0]: lacks 'area'")]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"area\": null, \"bbox\": []}]}",
        "annotations[0].bbox: 4 numbers are expected, found fewer"
    )]
    [InlineData(
        "{\"annotations\": [{\"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, null, 4]}]}",
        "annotations[0].bbox: a number is expected, found null"
    )]
    [InlineData("{\"annotations\": [\n{},\n{\"image_id\": 1}]}", "annotations[0]: lacks 'image_id' (line 2, byte 2)")]
    [InlineData(
        "{\"annotations\": [\n{\"area\": NaN}]}",
        "annotations[0].area: a number is expected, found NaN, which is no number in JSON (line 2, byte 10)"
    )]
    [InlineData(
        "{\"annotations\": [{\"bbox\": [1, 2, -Infinity, 4], \"image_id\": 1}]}",
        "annotations[0].bbox: a number is expected, found -Infinity, which is no number in JSON"
    )]
    [InlineData(
        "{\"annotations\": [{\"iscrowd\": Infinity}]}",
        "annotations[0].iscrowd: 0 or 1 is expected, found Infinity"
    )]
    [InlineData(
        "{\"annotations\": [{\"category_id\": NaN}]}",
        "annotations[0].category_id: a whole number is expected, found NaN"
    )]
    [InlineData("{\"annotations\": [{NaN: 1}]}", "the JSON is damaged")]
    [InlineData("{\"annotations\": [{\"area\": NaNs}]}", "the JSON is damaged")]
    [InlineData("{\"annotations\": [{\"image_id\": 1, \"iscrowd\": 2}]}", "annotations[0].iscrowd: 0 or 1 is expected")]
    [InlineData("{\"categories\": [{\"id\": 1}]}", "categories[0]: lacks 'name'")]
    [InlineData(
        "{\"categories\": [{\"id\": 1, \"name\": \"a\"}, {\"id\": 1, \"name\": \"b\"}]}",
        "categories[1].id: category 1 is listed twice"
    )]
    public void Damaged_annotations_say_what_and_where(string json, string message)
    {
        InputException error = Failure(() => Read(json));

        error.Where.Should().EndWith("instances.json");
        error.Message.Should().Contain(message);
    }

    [Fact]
    public void An_unlisted_category_is_named() =>
        Failure(() => Read(Json(Images, Annotations, """[{"id": 3, "name": "dog"}]""")))
            .Message.Should()
            .Contain("picture 2 has an instance of category 4");

    [Fact]
    public void Missing_pictures_are_counted_and_the_first_is_named()
    {
        File.Delete(Path.Combine(ImageFolder, "sub", "b.jpg"));

        string annotations = folder.Write("instances.json", Json(Images, Annotations, Categories));
        Failure(() => CocoReader.Read(ImageFolder, annotations, Rule, missing: 0.4))
            .Message.Should()
            .Contain("lacks 1 of the 2 pictures")
            .And.Contain("(50 %; data.missing allows 40 %)")
            .And.Contain("'sub/b.jpg'");
    }

    [Fact]
    public void As_many_missing_pictures_as_allowed_are_left_out_with_the_reason()
    {
        File.Delete(Path.Combine(ImageFolder, "sub", "b.jpg"));

        PictureSet set = Read(Json(Images, Annotations, Categories));

        set.Candidates.Select(c => (c.SampleId, c.Gone))
            .Should()
            .Equal(("1", null), ("2", "the picture is not on disk"));
        set.Notes.Should().Equal("1 of 2 pictures is not on disk");
        File.Delete(Path.Combine(ImageFolder, "a.jpg"));
        Failure(() => CocoReader.Read(ImageFolder, Path.Combine(folder.Root, "instances.json"), Rule, missing: 1))
            .Message.Should()
            .Contain("lacks 2 of the 2");
    }

    [Theory]
    [InlineData("\"supercategory\": \"animal\"", "\"supercategory\": null")]
    [InlineData("\"iscrowd\": 0", "\"iscrowd\": null")]
    [InlineData("\"iscrowd\": 0", "\"iscrowd\": 0.0")]
    [InlineData("\"area\": 1000", "\"area\": null, \"bbox\": [0, 0, 50, 20]")]
    [InlineData("\"area\": 1000", "\"area\": 1e3, \"bbox\": []")]
    [InlineData("\"area\": 1000", "\"bbox\": null, \"area\": 1000.0")]
    [InlineData("\"area\": 1000", "\"bbox\": [[1], \"x\", NaN, 2, 3], \"area\": 1000")]
    [InlineData("\"area\": 1000", "\"bbox\": {\"x\": [1, {}]}, \"area\": 1000")]
    [InlineData("[[1, 2, 3]]", "[[NaN, -Infinity,Infinity ], {\"counts\": NaN}]")]
    [InlineData("[[1, 2, 3]]", "null, \"score\": NaN, \"attributes\": {\"a\": [NaN]}")]
    [InlineData("[[1, 2, 3]]", "\"none\"")]
    [InlineData("\"width\": 100", "\"width\": 100.0")]
    [InlineData("\"width\": 100", "\"width\": 1e2, \"license\": null, \"date_captured\": NaN")]
    [InlineData("\"category_id\": 3", "\"category_id\": 3.0")]
    [InlineData("\"image_id\": 1", "\"image_id\": \"1\"")]
    [InlineData("{\"id\": 1,", "{\"id\": \"1\",")]
    [InlineData("{\"id\": 3,", "{\"id\": \"3\",")]
    [InlineData("{\"year\": 2017}", "{\"year\": NaN, \"version\": -Infinity}")]
    public void What_other_tools_write_is_read_alike(string published, string written)
    {
        string json = Json(Images, Annotations, Categories),
            other = json.Replace(published, written, StringComparison.Ordinal);
        other.Should().NotBe(json);

        IEnumerable<DataItem> Plain(string text) =>
            Read(text).Pictures.Select(p => p with { SuperCategory = null, Box = null });
        Plain(other).Should().Equal(Plain(json));
    }

    [Fact]
    public void Ids_that_are_texts_are_kept_as_they_are()
    {
        const string Words = """[{"id": "n01", "file_name": "a.jpg", "width": 10, "height": 10}]""";
        PictureSet set = Read(
            Json(
                Words,
                """[{"image_id": "n01", "category_id": "dog", "area": 50}]""",
                """[{"id": "dog", "name": "a dog"}]"""
            )
        );

        set.Candidates.Should()
            .ContainSingle()
            .Which.Should()
            .BeEquivalentTo(new { SampleId = "n01", Category = "a dog" });
    }

    [Fact]
    public void A_picture_without_a_size_is_refused_only_where_its_instances_need_one()
    {
        const string Sizeless = """
            [
              {"id": 1, "file_name": "a.jpg", "width": null},
              {"id": 2, "file_name": "sub/b.jpg", "width": 10, "height": 10}
            ]
            """;
        Failure(() => Read(Json(Sizeless, Annotations, Categories)))
            .Message.Should()
            .Contain("picture 1 lacks 'width'");
        Read(Json(Sizeless, """[{"image_id": 2, "category_id": 4, "bbox": [0, 0, 5, 5]}]""", Categories))
            .Candidates.Should()
            .ContainSingle();
    }

    [Fact]
    public void A_NaN_at_the_edge_of_the_buffer_is_read_like_any_other()
    {
        string json = Json(
            Images,
            Annotations.Replace("[[1, 2, 3]]", "[NaN, -Infinity]", StringComparison.Ordinal),
            Categories
        );
        IReadOnlyList<DataItem> expected = Read(json).Pictures;
        int at = json.IndexOf("NaN", StringComparison.Ordinal);
        for (int before = 65536 - at - 20; before <= 65536 - at + 20; before++)
        {
            Read(new string(' ', before) + json).Pictures.Should().Equal(expected);
        }
    }

    [Theory]
    [InlineData("""{"id": 7, """, """{"id": 7, """, "annotations[1].id: annotation 7 is listed twice")]
    [InlineData("""{"id": 7, """, """{"id": 7.0, """, "annotations[1].id: annotation 7 is listed twice")]
    [InlineData("""{"id": "7", """, """{"id": 7, """, "annotations[1].id: annotation 7 is listed twice")]
    [InlineData("""{"id": "x", """, """{"id": "x", """, "annotations[1].id: annotation x is listed twice")]
    public void An_annotation_that_is_listed_twice_is_refused(string first, string second, string message) =>
        Failure(() => Read(Json(Images, WithIds(first, second), Categories))).Message.Should().Contain(message);

    [Theory]
    [InlineData("""{"id": 7, """, """{"id": 8, """)]
    [InlineData("""{"id": "07", """, """{"id": 7, """)]
    [InlineData("""{"id": null, """, """{"id": null, """)]
    [InlineData("""{"id": NaN, """, """{"id": NaN, """)]
    [InlineData("""{"id": {"a": 1}, """, """{"id": {"a": 1}, """)]
    [InlineData("""{"id": 1.5, """, """{"id": 1.5, """)]
    public void Annotations_without_an_id_or_with_others_are_read_as_before(string first, string second) =>
        Read(Json(Images, WithIds(first, second), Categories))
            .Pictures.Should()
            .Equal(Read(Json(Images, Annotations, Categories)).Pictures);

    private static string WithIds(string first, string second) =>
        Annotations
            .Replace("""{"image_id": 1,""", first + "\"image_id\": 1,", StringComparison.Ordinal)
            .Replace("""{"image_id": 2,""", second + "\"image_id\": 2,", StringComparison.Ordinal);

    [Theory]
    [InlineData("a.jpg", "a.jpg")]
    [InlineData("a.jpg", "./a.jpg")]
    [InlineData("sub//b.jpg", "sub/./b.jpg")]
    public void A_picture_under_two_ids_is_refused(string first, string second) =>
        Failure(() =>
            Read(
                Json(
                    $$"""[{"id": 1, "file_name": "{{first}}"}, {"id": 2, "file_name": "{{second}}"}]""",
                    "[]",
                    Categories
                )
            )
        )
            .Message.Should()
            .Contain($"images[1].file_name: '{second}' is listed twice, as the picture of id 1 and of id 2 (line 3");

    [Theory]
    [InlineData("""{"images": [], "images": """, "'images' stands there twice (line 1, byte 16)")]
    [InlineData("""{"annotations": null, "images": """, "annotations: a list")]
    [InlineData("""{"unused": 1, "unused": 2, "images": """, null)]
    public void A_list_that_stands_there_twice_is_refused_where_it_is_read(string start, string? message)
    {
        string json = Json(Images, Annotations, Categories);
        json = start + json[(json.IndexOf("\"images\": ", StringComparison.Ordinal) + 10)..];

        Reading(json, message);
    }

    [Theory]
    [InlineData("\"area\": 1000", "\"area\": 1000, \"area\": null", "annotations[0]: 'area' stands there twice")]
    [InlineData("\"width\": 100", "\"width\": null, \"width\": 100", "images[0]: 'width' stands there twice")]
    [InlineData("\"name\": \"hot dog\"", "\"name\": 1, \"na\\u006de\": \"hot dog\"", "'name' must")]
    [InlineData("\"iscrowd\": 0", "\"iscrowd\": 0, \"unused\": 1, \"unused\": 2", null)]
    public void A_field_that_is_read_stands_in_an_object_once(string field, string twice, string? message)
    {
        string json = Json(Images, Annotations, Categories);
        json.Should().Contain(field);
        bool first = message == "'name' must"; // the first is not a text, which is found before

        Reading(
            json.Replace(field, twice, StringComparison.Ordinal),
            first ? "categories[1].name: a text is expected, found a number" : message
        );
    }

    private void Reading(string json, string? message)
    {
        if (message is null)
        {
            Read(json).Candidates.Should().HaveCount(2);
        }
        else
        {
            Failure(() => Read(json)).Message.Should().Contain(message);
        }
    }

    [Theory]
    [InlineData(64, null)]
    [InlineData(65, "lists and objects are nested more than 64 deep (line 2, byte 74)")]
    [InlineData(5000, "lists and objects are nested more than 64 deep (line 2, byte 74)")]
    public void Nesting_that_is_too_deep_is_called_that(int depth, string? message)
    {
        string nested = new string('[', depth - 1) + new string(']', depth - 1);
        string json = Json(Images, Annotations, Categories)
            .Replace("  \"info\": {\"year\": 2017}", $"\"info\":   {nested}", StringComparison.Ordinal);

        Reading(json, message);
    }

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    [InlineData("utf-32", true)]
    [InlineData("utf-32BE", false)]
    public void Text_that_is_not_UTF_8_is_called_that(string encoding, bool mark)
    {
        Encoding wide = Encoding.GetEncoding(encoding);
        byte[] text = wide.GetBytes(Json(Images, Annotations, Categories));
        string annotations = folder.Write("instances.json", [.. mark ? wide.GetPreamble() : [], .. text]);

        Failure(() => CocoReader.Read(ImageFolder, annotations, Rule, AllowedMissing))
            .Message.Should()
            .Be($"{annotations}: is text in UTF-16 or UTF-32, not in UTF-8. Save it in UTF-8.");
    }

    [Theory]
    [InlineData("hot dog", "hot\\u0000dog", "a NUL")]
    [InlineData("animal", "animal\\u0007", "the control character U+0007")]
    public void A_control_character_in_a_category_is_refused(string name, string with, string what) =>
        Failure(() => Read(Json(Images, Annotations, Categories.Replace(name, with, StringComparison.Ordinal))))
            .Message.Should()
            .Contain($"holds {what}, which no answer has");

    [Fact]
    public void Missing_files_and_folders_are_named()
    {
        Failure(() => CocoReader.Read(ImageFolder, Path.Combine(folder.Root, "none.json"), Rule, AllowedMissing))
            .Message.Should()
            .Contain("none.json: this file of annotations does not exist");
        Failure(() => CocoReader.Read(ImageFolder, folder.Root, Rule, AllowedMissing))
            .Message.Should()
            .Contain("is a folder, not a file");
        string annotations = folder.Write("instances.json", Json(Images, Annotations, Categories));
        Failure(() => CocoReader.Read(Path.Combine(folder.Root, "none"), annotations, Rule, AllowedMissing))
            .Message.Should()
            .Contain("none: this folder of pictures does not exist");
    }

    [Fact]
    public void Damaged_bytes_give_an_error_or_a_set_and_nothing_else()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Json(Images, Annotations, Categories));
        var random = new Random(5);
        int errors = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = whole[..(round % 3 == 0 ? random.Next(whole.Length) : whole.Length)];
            for (int i = random.Next(4); i >= 0 && damaged.Length > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            string annotations = folder.Write("instances.json", damaged);
            try
            {
                CocoReader.Read(ImageFolder, annotations, Rule, AllowedMissing);
            }
            catch (InputException)
            {
                errors++;
            }
        }

        errors.Should().BeGreaterThan(1500);
    }

    private static string Json(string images, string annotations, string categories) =>
        $$"""
            {
              "info": {"year": 2017},
              "images": {{images}},
              "annotations": {{annotations}},
              "categories": {{categories}}
            }
            """;

    private static InputException Failure(Action action) => action.Should().Throw<InputException>().Which;

    private PictureSet Read(string json) =>
        CocoReader.Read(ImageFolder, folder.Write("instances.json", json), Rule, AllowedMissing);
}
