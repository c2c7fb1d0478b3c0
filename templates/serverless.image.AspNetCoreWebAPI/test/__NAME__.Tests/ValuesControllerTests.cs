using System.Text.Json;
using Amazon.Lambda.APIGatewayEvents;
using Amazon.Lambda.TestUtilities;
using Xunit;

namespace __NAMESPACE__.Tests;

/// <summary>Sends events through the Lambda entry point, as API Gateway would.</summary>
public class ValuesControllerTests
{
    private static readonly JsonSerializerOptions SerializerOptions = new() { PropertyNameCaseInsensitive = true };

    private readonly LambdaEntryPoint _entryPoint = new();

    [Fact]
    public async Task GetAnswersWithEveryValue()
    {
        var response = await Send("ValuesController-Get.json");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal("""["value1","value2"]""", response.Body);
        Assert.Equal("application/json; charset=utf-8", response.MultiValueHeaders["Content-Type"].Single());
    }

    [Fact]
    public async Task PostAnswersWithTheNewValueAndItsPlace()
    {
        var response = await Send("ValuesController-Post.json");

        Assert.Equal(201, response.StatusCode);
        Assert.Equal("value3", response.Body);
        Assert.EndsWith("/api/values/3", response.MultiValueHeaders["Location"].Single(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task AnUnknownPathIsNotFound()
    {
        var response = await Send("ValuesController-Get.json", request =>
        {
            request.Path = "/api/nothing-here";
            request.PathParameters["proxy"] = "api/nothing-here";
        });

        Assert.Equal(404, response.StatusCode);
    }

    private async Task<APIGatewayProxyResponse> Send(string sample, Action<APIGatewayProxyRequest>? change = null)
    {
        var json = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "SampleRequests", sample));
        var request = JsonSerializer.Deserialize<APIGatewayProxyRequest>(json, SerializerOptions)!;
        change?.Invoke(request);
        return await _entryPoint.FunctionHandlerAsync(request, new TestLambdaContext());
    }
}
